// The bar of the page, and the start.
const Bar = (() => {
  const { make, button } = Chart;
  let input = null;
  let error = null;
  let hint = null;
  let counts = null;
  let matches = null;
  let scope = null;

  const themes = { "": "Light or dark", light: "Light", dark: "Dark" };

  const statusButtons = () => {
    // In this order whatever row is the first.
    const numbers = new Map(["running", "done", "failed", "stopped", "lost"].map((status) => [status, 0]));
    let diverged = 0;
    for (let row = 0; row < Data.rows; row += 1) {
      const status = Data.text("status", row);
      if (status) numbers.set(status, (numbers.get(status) ?? 0) + 1);
      if (Data.isDiverged(row)) diverged += 1;
    }
    for (const [status, count] of numbers) if (count === 0) numbers.delete(status);
    const terms = Brush.terms(State.where);
    const chip = (text, condition, others) =>
      Chart.toggle(text, terms.includes(condition), () => State.toggleCondition(condition, others));
    // A chip of another status would leave no experiment.
    const conditionOf = (status) => `${State.field("status")} = ${status}`;
    const statuses = [...numbers.keys()].map(conditionOf);
    const chips = [...numbers].map(([status, count]) => chip(`${count} ${status}`, conditionOf(status), statuses));
    if (diverged) chips.push(chip(`${diverged} diverged`, `${State.field(Data.objective.name)} is nan`));
    if (Data.nonfinite > diverged) chips.push(chip(`${Data.nonfinite} with nan or inf`, `${State.field("nonfinite")} > 0`));
    return chips;
  };

  // Returns the best of the experiments that fulfil the filter: the section is about all of them.
  const scopeText = () => {
    const { best, rows } = State;
    if (!State.where) return [];
    const whole = Data.total > Data.rows ? "of the selection" : `of all ${Format.counted(Data.rows, "experiment")}`;
    const all = `The best and the importances are those ${whole}. `;
    const some = ` of the ${rows.length} with ${State.where}`;
    if (best < 0) return [`${all}None${some} has a finite value.`];
    return [`${all}The best${some}: `, Chart.name(Data.id(best)), ` with ${Format.number(Data.value(best))}.`];
  };

  const update = () => {
    Chart.refresh(counts, statusButtons());
    if (document.activeElement !== input) input.value = State.value.where;
    const { error: problem } = State;
    error.replaceChildren();
    hint.replaceChildren(...(State.value.where && !problem && !State.rows.length ? Hints.find(State.value.where) : []));
    input.setAttribute("aria-invalid", String(problem !== null));
    const total = Data.total > Data.rows ? ` (of ${Data.total})` : "";
    const count = State.where ? `${State.rows.length} of ${Data.rows}` : Format.counted(Data.rows, "experiment");
    matches.textContent = count + total;
    scope.replaceChildren(...scopeText());
    // 18:37:42 GMT-0500 (Eastern Standard Time)
    const zone = new Date(Data.now).toTimeString().split(" ")[1];
    const time = `snapshot of ${Format.time(Data.now)} (${zone}, as all times of the page)`;
    if (!Data.live) document.querySelector("#age").textContent = time;
    if (problem) {
      const text = State.value.where;
      const [start, end] = [problem.start ?? 0, problem.end ?? text.length];
      error.append(text.slice(0, start), make("mark", {}, text.slice(start, end) || " "), text.slice(end), make("br"),
        problem.message, problem.hint ? `: ${problem.hint}` : "", make("br"),
        State.where ? `The page shows the experiments with ${State.where}.` : "The page shows all experiments.");
    }
    document.documentElement.dataset.theme = State.value.theme;
  };

  const complete = () => {
    const list = document.querySelector("#names");
    const found = Filter.complete(input.value, input.selectionStart);
    const [before, after] = [input.value.slice(0, found?.from ?? 0), input.value.slice(found?.to ?? 0)];
    list.replaceChildren(...(found?.names ?? []).slice(0, 12).map((text) => make("option", { value: before + text + after })));
  };

  const mount = (header) => {
    counts = header.querySelector("#counts");
    const placeholder = `${State.field(Data.objective.name)} is finite and ${State.field("status")} = done`;
    input = make("input", { type: "search", placeholder, "aria-label": "Filter", list: "names",
      spellcheck: "false", autocomplete: "off", maxlength: "4096", input: () => { complete(); State.set({ where: input.value }); },
      keydown: (event) => event.key === "Escape" && (event.preventDefault(), (input.value = ""), State.set({ where: "" }), input.blur()) });
    error = make("p", { class: "error", role: "alert" });
    matches = make("output", { id: "matches" });
    hint = make("p", { class: "muted hint", role: "status" });
    scope = make("p", { class: "muted scope" });
    document.querySelector("#best").append(scope);
    const theme = make("select", { "aria-label": "Colours", change: () => State.set({ theme: theme.value }) },
      ...Object.entries(themes).map(([value, text]) => make("option", { value }, text)));
    theme.value = State.value.theme;
    const tools = header.querySelector("#tools");
    tools.append(
      make("div", { id: "filter" }, input, make("datalist", { id: "names" }), matches),
      button("Copy link", () => Notice.copy(location.href, "The link")),
      ...Export.forms.map((form) => button(form, () => Export.save(form),
        { title: `Save the rows and columns of the leaderboard as ${form}. The menu "Columns" of the leaderboard has all.` })),
      theme, button("?", Keys.help, { "aria-label": "Keys and filters" }));
    header.append(error, hint);
    update();
  };
  return { mount, update };
})();

const Main = (() => {
  const views = {
    history: HistoryView, table: TableView, curves: CurvesView, parallel: ParallelView, parameters: ParametersView,
    compare: CompareView, running: RunningView,
  };
  const mounted = new Set();

  const findBest = () => {
    const rows = [...State.rows].filter((row) => Number.isFinite(Data.value(row)));
    State.best = rows.reduce((best, row) => (best < 0 || Data.isBetter(Data.value(row), Data.value(best)) ? row : best), -1);
    const values = rows.map(Data.value).sort((a, b) => a - b);
    // Few values far from the others would leave the bars of all others equal.
    if (Data.isHighestBest) values.splice(0, Math.floor(values.length / 20));
    else values.splice(Math.floor((values.length * 19) / 20) + 1);
    State.extent = { low: values[0] ?? 0, high: values.at(-1) ?? 0 };
  };

  const mount = (id) => {
    if (mounted.has(id)) return;
    const section = document.getElementById(id);
    section.querySelectorAll(".static").forEach((old) => old.remove());
    mounted.add(id);
    views[id].mount(section);
  };

  const start = () => {
    Data.load(JSON.parse(document.getElementById("data").textContent));
    State.on((changed) => {
      findBest();
      if (mounted.size === 0) return;
      Bar.update();
      for (const id of mounted) views[id].update(changed);
    });
    State.onHover((row) => {
      for (const id of mounted) views[id].hover?.(row);
    });
    State.start();
    mount("table");
    Bar.mount(document.getElementById("bar"));
    document.querySelectorAll(".scripted").forEach((section) => section.classList.remove("scripted"));
    const observer = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) mount(target.id);
    }, { rootMargin: "600px" });
    for (const id of Object.keys(views)) observer.observe(document.getElementById(id));
    addEventListener("beforeprint", () => Object.keys(views).forEach(mount));
    Keys.start();
    Live.start();
  };
  return { start, mount, isMounted: (id) => mounted.has(id) };
})();

Main.start();
