"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  // One entry per pair to judge, query after query.
  const pairs = data.queries.flatMap((query, q) =>
    query.items.map((item, i) => ({ query, q, item, i })));
  let answers = new Array(pairs.length).fill(null);
  let history = []; // [pair, its answer before], the latest last
  let here = 0;

  const stored = (() => {
    try {
      return JSON.parse(localStorage.getItem(data.key));
    } catch {
      return null;
    }
  })();
  if (stored && Array.isArray(stored.answers) && stored.answers.length === pairs.length) {
    answers = stored.answers.map((answer) => (answer === 0 || answer === 1 ? answer : null));
    history = Array.isArray(stored.history) ? stored.history : [];
    here = Math.max(0, answers.indexOf(null));
  }

  const keep = () => {
    try {
      localStorage.setItem(data.key, JSON.stringify({ answers, history }));
    } catch {
      at("trouble").textContent =
        "This browser keeps nothing for this page: save the answers before you close it.";
    }
  };

  const show = () => {
    const { query, q, item, i } = pairs[here];
    const answered = answers.filter((answer) => answer !== null).length;
    const all = answered === pairs.length;
    at("progress").textContent = all
      ? `All ${answered} answered: save the answers`
      : `${answered} of ${pairs.length} answered`;
    at("save").className = all ? "due" : "";
    at("bar").max = pairs.length;
    at("bar").value = answered;
    at("query-number").textContent = `Query ${q + 1} of ${data.queries.length}`;
    at("query-text").textContent = query.text;
    at("item-number").textContent = `Result ${i + 1} of ${query.items.length}`;
    at("item-text").textContent = item.text;
    if (scrollY > at("query").offsetTop) scrollTo(0, at("query").offsetTop);
    const answer = answers[here];
    at("answer").textContent =
      answer === null ? "" : `– answered: ${answer ? "relevant" : "not relevant"}`;
    at("answer").className = answer === null ? "" : answer ? "yes" : "no";
    at("undo").disabled = history.length === 0;
    at("back").disabled = here === 0;
    at("forth").disabled = here === pairs.length - 1;
    at("save").disabled = answered === 0;
  };

  const give = (answer) => {
    history.push([here, answers[here]]);
    answers[here] = answer;
    keep();
    const later = answers.indexOf(null, here);
    const next = later >= 0 ? later : answers.indexOf(null);
    here = next >= 0 ? next : Math.min(here + 1, pairs.length - 1);
    show();
  };

  const undo = () => {
    if (!history.length) return;
    const [pair, before] = history.pop();
    answers[pair] = before;
    here = pair;
    keep();
    show();
  };

  const go = (step) => {
    here = Math.min(Math.max(here + step, 0), pairs.length - 1);
    show();
  };

  const save = () => {
    const lines = ["query-id\tcorpus-id\tscore"];
    pairs.forEach(({ query, item }, n) => {
      if (answers[n] !== null) lines.push(`${query.id}\t${item.id}\t${answers[n]}`);
    });
    const link = document.createElement("a");
    const blob = new Blob([lines.join("\n") + "\n"], { type: "text/tab-separated-values" });
    link.href = URL.createObjectURL(blob);
    link.download = data.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const actions = {
    1: () => give(1),
    0: () => give(0),
    u: undo,
    ArrowLeft: () => go(-1),
    ArrowRight: () => go(1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  const clicks = { yes: "1", no: "0", undo: "u", back: "ArrowLeft", forth: "ArrowRight" };
  for (const [id, key] of Object.entries(clicks)) at(id).addEventListener("click", actions[key]);
  at("save").addEventListener("click", save);
  show();
})();
