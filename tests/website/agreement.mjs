// Runs jobs in the page's Python, here in Node: the file JOBS is a JSON list of lists of cells; the events of each list
// go to standard output. usage: node agreement.mjs PYODIDE_FOLDER RUNNER JOBS

import { readFileSync } from "node:fs";

const [folder, runner, jobs] = process.argv.slice(2);
const { loadPyodide } = await import(`${folder}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: `${folder}/`, packages: ["numpy"], stdout: () => {} });
python.FS.writeFile("runner.py", readFileSync(runner, "utf8"));
python.runPython("import json, runner");
const answer = python.runPython(`
def answer(job):
    events = []
    runner.run(json.loads(job), events.append)
    return json.dumps([event for event in events if "ok" in event])
answer`);
for (const job of JSON.parse(readFileSync(jobs, "utf8"))) console.log(answer(JSON.stringify(job)));
