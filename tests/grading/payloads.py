"""Markup that means harm, one a name: each sets `window.EVIL`, or asks for an address with EVIL.

After OWASP's list of ways around a filter, mXSS of the last years, and what Markdown and MathJax
add to them. `MARKDOWN` goes into cells; `OUTPUTS` are outputs of code cells.
"""
# ruff: noqa: E501

import base64
import json

FORGE = (
    "top.EVIL=1;$.get(base_url+'/api/grades',{submission_id:submission_id}).done(g=>g.forEach(m=>"
    "$.ajax({url:base_url+'/api/grade/'+m.id,type:'PUT',contentType:'application/json',"
    "data:JSON.stringify({manual_score:m.max_score})})))"
)
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' onload='top.EVIL=1'><script>top.EVIL=1</script></svg>"
)
DATA = base64.b64encode(SVG.encode()).decode()
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
MARKDOWN = {
    # ---- scripts
    "forges-marks": f"<script>{FORGE}</script>",
    "script": "<script>top.EVIL=1</script>",
    "script-in-a-line": "Here <script>top.EVIL=1</script> there",
    "script-capital": "<ScRiPt >top.EVIL=1</sCrIpT >",
    "script-slash": "<script/x>top.EVIL=1</script>",
    "script-elsewhere": "<script src=//127.0.0.1:9/EVIL.js></script>",
    "script-own-host": "<script src=/files/submitted/script/rnn/EVIL.js></script>",
    "script-module": "<script type=module>top.EVIL=1</script>",
    "script-mathjax": "<script type='text/x-mathjax-config'>top.EVIL=1</script>",
    "script-nested": "<scr<script>ipt>top.EVIL=1</scr</script>ipt>",
    "script-unclosed": "<script>top.EVIL=1//",
    "script-after-nul": "<scr\x00ipt>top.EVIL=1</scr\x00ipt>",
    "script-xml": "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>top.EVIL=1</x:script>",
    # ---- handlers
    "img-onerror": "<img src=x onerror=top.EVIL=1>",
    "img-slashes": "<img/src=x/onerror=top.EVIL=1>",
    "img-newlines": "<img\nsrc=x\nonerror\n=\ntop.EVIL=1\n>",
    "img-backquote": "<img src=`x`onerror=top.EVIL=1>",
    "img-quote-in-name": '<img """><img src=x onerror=top.EVIL=1>">',
    "img-unclosed": "<img src=x onerror=top.EVIL=1 x=",
    "img-srcset": "<img srcset='x,y' onerror=top.EVIL=1>",
    "img-entities": "<img src=x onerror='&#116;op.EVIL=1'>",
    "img-in-title": "<b title='<img src=x onerror=top.EVIL=1>'>",
    "img-in-code": "<code><img src=x onerror=top.EVIL=1></code>",
    "img-in-alt": "![<img src=x onerror=top.EVIL=1>](attachment:none.png)",
    "img-title-breaks-out": "![x](y \"z' onerror='top.EVIL=1\") ![x](y 'z\" onerror=\"top.EVIL=1')",
    "link-title-breaks-out": '[x](http://example.org/ \'" onmouseover="top.EVIL=1" autofocus onfocus="top.EVIL=1\')',
    "image-alt-breaks-out": '![" onerror="top.EVIL=1](/none.png)',
    "onfocus": "<input autofocus onfocus=top.EVIL=1>",
    "select-onfocus": "<select autofocus onfocus=top.EVIL=1>",
    "div-onfocus": "<div tabindex=0 autofocus onfocus=top.EVIL=1>x</div>",
    "details-ontoggle": "<details open ontoggle=top.EVIL=1>x</details>",
    "video-onerror": "<video><source onerror=top.EVIL=1></video>",
    "audio-onerror": "<audio src=x onerror=top.EVIL=1>",
    "body-onload": "<body onload=top.EVIL=1 onpageshow=top.EVIL=1>",
    "marquee-onstart": "<marquee onstart=top.EVIL=1>x</marquee>",
    "onanimationstart": "<style>@keyframes x{}</style><b style='animation-name:x' onanimationstart=top.EVIL=1>",
    "autolink-handler": "<div>\n<https://onclick=top.EVIL=1//x/autofocus/tabindex=0/onfocus=top.EVIL=1//>\n</div>",
    # ---- elements that load or embed
    "iframe-srcdoc": "<iframe srcdoc='<script>parent.EVIL=1</script>'></iframe>",
    "iframe-javascript": "<iframe src=javascript:parent.EVIL=1></iframe>",
    "iframe-data": f"<iframe src='data:text/html;base64,{DATA}'></iframe>",
    "object": f"<object data='data:image/svg+xml;base64,{DATA}'></object>",
    "embed": f"<embed src='data:image/svg+xml;base64,{DATA}'>",
    "svg-onload": "<svg onload=top.EVIL=1>",
    "svg-script": "<svg><script>top.EVIL=1</script></svg>",
    "svg-animate": "<svg><animate onbegin=top.EVIL=1 attributeName=x dur=1s></svg>",
    "svg-use": f"<svg><use href='data:image/svg+xml;base64,{DATA}#x'/></svg>",
    "svg-link": "<svg><a xlink:href=javascript:top.EVIL=1><text y=20>x</text></a></svg>",
    "math-link": "<math><mtext><a href=javascript:top.EVIL=1>x</a></mtext><maction xlink:href=javascript:top.EVIL=1>y</maction></math>",
    "meta-refresh": "<meta http-equiv=refresh content='0;url=javascript:top.EVIL=1'><meta http-equiv=refresh content='0;url=/EVIL'>",
    "base": "<base href=http://127.0.0.1:9/EVIL/>",
    "link-stylesheet": "<link rel=stylesheet href=//127.0.0.1:9/EVIL.css>",
    "style": "<style>body{background:url(//127.0.0.1:9/EVIL)} .navbar{display:none}</style>",
    "style-import": "<style>@import '//127.0.0.1:9/EVIL';</style>",
    "style-attribute": "<div style='position:fixed;inset:0;background:url(//127.0.0.1:9/EVIL)'>x</div>",
    "form": "<form action=/EVIL><button class='btn full-credit' id=rnn_cell-1>x</button><input class=score id=rnn_cell name=x></form>",
    "portal-to-own-api": "<img src='/formgrader?path=/EVIL'>",
    "picture-elsewhere": "![x](http://127.0.0.1:9/EVIL.png)",
    "picture-escaped": "\\\\![x](http://127.0.0.1:9/EVIL.png)",
    "picture-reference": "![x][evil]\n\n[evil]: http://127.0.0.1:9/EVIL.png",
    "picture-svg": f"![x](data:image/svg+xml;base64,{DATA})",
    "tooltip": "<span data-toggle=tooltip data-html=true title='<img src=x onerror=top.EVIL=1>'>x</span>",
    "data-link": "<a data-link='/EVIL' data-commandlinker-command='notebook:run-all' class='full-credit'>x</a>",
    "clobbers-names": "<a id=submission_id name=base_url href=//127.0.0.1:9/EVIL>x</a><img id=jQuery name=$ src=x>",
    "heading-takes-an-id": "# rnn_cell-shape\n\n# submission_id",
    # ---- parsers at odds (mXSS)
    "comment": "<!--><img src=x onerror=top.EVIL=1>-->",
    "comment-bang": "<!-- --!><img src=x onerror=top.EVIL=1> -->",
    "cdata": "<![CDATA[<img src=x onerror=top.EVIL=1>]]>",
    "processing": "<?xml x='><img src=x onerror=top.EVIL=1>'?>",
    "noscript": '<noscript><p title="</noscript><img src=x onerror=top.EVIL=1>"></noscript>',
    "title": "<title><a alt='</title><img src=x onerror=top.EVIL=1>'></title>",
    "textarea": "<textarea><p title='</textarea><img src=x onerror=top.EVIL=1>'></textarea>",
    "xmp": "<xmp><p title='</xmp><img src=x onerror=top.EVIL=1>'></xmp>",
    "math-style": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=top.EVIL=1&gt;'>",
    "svg-desc": "<svg></p><style><a id='</style><img src=x onerror=top.EVIL=1>'></svg>",
    "form-table": "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=top.EVIL=1>",
    "select-template": "<select><template><style><!--</style><a rel='--></style></select><img src=x onerror=top.EVIL=1>'>",
    "code-span-opens": "`<img title=`<img src=x onerror=top.EVIL=1>`>`",
    "fence-info": "```<img src=x onerror=top.EVIL=1>\nx\n```\n```mermaid\n<img src=x onerror=top.EVIL=1>\n```",
    "out-of-the-page": "</div></div></div></div></div></body><script>top.EVIL=1</script>",
    "jinja": "{{ 7 * 7 }}{% raw %}<script>top.EVIL=1</script>{% endraw %}",
    # ---- links
    "javascript": "[x](javascript:top.EVIL=1) <a href=javascript:top.EVIL=1>x</a>",
    "javascript-capital": "[x](JaVaScRiPt:top.EVIL=1)",
    "javascript-autolink": "<javascript:top.EVIL=1>",
    "javascript-entity": "[x](&#106;avascript:top.EVIL=1) [x](javascript&colon;top.EVIL=1)",
    "javascript-tab": "<a href='java&Tab;script:top.EVIL=1'>x</a> <a href='java\tscript:top.EVIL=1'>x</a>",
    "javascript-control": "<a href='\x01javascript:top.EVIL=1'>x</a>",
    "javascript-backslash": "[x](javascript\\:top.EVIL=1)",
    "javascript-brackets": "[x](<javascript:top.EVIL=1>)",
    "javascript-reference": "[x][r]\n\n[r]: javascript:top.EVIL=1",
    "vbscript": "[x](vbscript:msgbox(1))",
    "data-html": f"[x](data:text/html;base64,{DATA})",
    "own-page": "[x](/formgrader/manage_students/%3Cscript%3Etop.EVIL=1%3C%2Fscript%3E) [x](evil.html)",
    # ---- formulas
    "math-href": r"$\href{javascript:top.EVIL=1}{x}$",
    "math-href-redefined": r"$\let\x\href \def\y#1{\x{#1}} \y{javascript:top.EVIL=1}{x}$",
    "math-href-entity": r"\\(\h&#114;ef{javascript:top.EVIL=1}{x}\\)",
    "math-href-comment": r"\\(\hr<!-- -->ef{javascript:top.EVIL=1}{x}\\)",
    "math-style-2": r"$\style{position:fixed;background:url(//127.0.0.1:9/EVIL)}{x}$ $\bbox[background:url(//127.0.0.1:9/EVIL)]{x}$",
    "math-token": r"$\mmlToken{mi}[href='javascript:top.EVIL=1']{x}$",
    "math-require": r"$\require{enclose}\unicode[top.EVIL]{x41}\class{full-credit}{x}\cssId{rnn_cell}{y}$",
    "math-html": "$x<img src=x onerror=top.EVIL=1>$ $$</div><script>top.EVIL=1</script>$$",
    "environment": "\\begin{a}<script>top.EVIL=1</script>\\end{<img src=x onerror=top.EVIL=1>}",
}


def _shown(**data: str) -> dict:
    data = {name.replace("__", "+").replace("_", "/", 1): text for name, text in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


IMG = "<img src=x onerror=top.EVIL=1>"
OUTPUTS = [
    *(_shown(text_html=text) for text in MARKDOWN.values()),
    _shown(text_markdown="".join(MARKDOWN["javascript"] + IMG)),
    _shown(image_svg__xml=SVG),
    _shown(text_latex=r"$\href{javascript:top.EVIL=1}{x}$" + IMG),
    _shown(image_png=f'x">{IMG}'),
    _shown(application_javascript="top.EVIL=1"),
    {**_shown(text_html=IMG), "metadata": {"text/html": {"isolated": True}}},
    {**_shown(image_png=PIXEL), "metadata": {"image/png": {"width": f"1>{IMG}", "alt": IMG}, "filenames": {"image/png": "/EVIL"}}},
    {"output_type": "display_data", "metadata": {}, "data": {"application/vnd.jupyter.widget-view+json": {"model_id": IMG}}},
    {"output_type": "stream", "name": "stdout", "text": f"\x1b[31m{IMG}\x1b]8;;javascript:top.EVIL=1\x07x"},
    {"output_type": "stream", "name": "stderr", "text": IMG},
    {"output_type": "error", "ename": IMG, "evalue": IMG, "traceback": [f"\x1b[0;31m{IMG}"]},
]  # fmt: skip


def cells() -> list[dict]:
    """Every payload in a cell of its own, as Markdown and as raw HTML, and all outputs."""
    made = [
        {"cell_type": "markdown", "metadata": {"tags": [IMG], IMG: IMG}, "source": text}
        for text in MARKDOWN.values()
    ]
    evil = {"a.png": {"image/svg+xml": DATA, "image/png": f'"{IMG}'}, IMG: {"text/html": DATA}}
    made.append(
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": "![x](attachment:a.png) ![y](attachment:none.png)",
            "attachments": evil,
        }
    )
    made += [
        {"cell_type": "raw", "metadata": {"raw_mimetype": kind}, "source": IMG}
        for kind in ("", "text/html")
    ]
    made.append(
        {
            "cell_type": "code",
            "metadata": {"magics_language": IMG},
            "execution_count": None,
            "source": f"print({json.dumps(IMG)})\n{IMG}",
            "outputs": OUTPUTS,
        }
    )
    return made


HARMLESS = """**bold** and *italic*, `x <b>` and $\\frac{a}{b} < c$, [a link](https://example.org/a?b=1&c=2)

| a | b |
|---|--:|
| 1 | 2 |

- [x] done

```python
def f(x): return x < 3
```

![own](attachment:own.png) <img src="attachment:own.png" width="40"> <b>HTML</b> H<sub>2</sub>O
"""
