// Short messages, and the keys of the page.
const Notice = (() => {
  const element = Chart.make("p", { id: "notice", role: "status" });
  let timer = 0;
  const show = (text) => {
    document.body.append(element);
    element.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => element.remove(), 6000);
  };
  // Copies a text, which browsers allow on localhost and with TLS only.
  const copy = (text, subject) => {
    const copied = navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject();
    copied.then(() => show(`${subject} is copied.`), () => show(`The browser copies nothing from this address. ${subject}: ${text}`));
  };
  return { show, copy };
})();

const Keys = (() => {
  const { make } = Chart;
  const list = [
    ["/", "filter"], ["j k", "next and previous experiment"], ["p", "pin it"], ["Enter, or two clicks", "show its details"],
    ["c", "compare the pinned ones"], ["x y", "logarithmic axes of the curves"], ["g", "group by all but the seed"], ["Esc", "close, or clear the filter"],
    ["r", "show newer experiments, of a page of a server"], ["?", "this list"],
  ];
  // Returns examples of filters with the names of this page.
  const filters = () => {
    const { varying } = Data.parameters();
    const example = (column, value) => ({ name: State.field(column.name), value });
    const numeric = varying.find((column) => column.isNumeric);
    const verbal = varying.find((column) => !column.isNumeric && column.distinct > 1);
    const number = numeric ? example(numeric, Format.short(numeric.numbers.find(Number.isFinite) ?? 0)) : { name: "lr", value: "0.01" };
    const words = verbal ? Chart.categories(Array.from({ length: Data.rows }, (_, row) => verbal.text(row))) : ["adam", "sgd"];
    const word = example(verbal ?? { name: "optimizer" }, words.slice(0, 2).map((text) => Brush.quoted(text)));
    const objective = State.field(Data.objective.name);
    const best = Data.isHighestBest ? `${objective} >= best - 0.01` : `${objective} <= best + 0.01`;
    return [
      [best, "within 0.01 of the best"], [`${number.name} <= ${number.value} and ${word.name} = ${word.value[0]}`, "both"],
      [`${word.name} in (${word.value.join(", ")})`, "one of a list"], [`${number.name} between 1e-4 and 1e-2`, "a range"],
      ["nonfinite > 0", "with nan or inf"], ["status = failed and reason ~ memory", "a part of the reason"],
      ["age < 2h", "started in the last two hours"],
    ];
  };
  const listed = (tag, pairs) => make("dl", {}, ...pairs.flatMap(([key, text]) =>
    [make("dt", {}, make(tag, {}, key)), make("dd", {}, text)]));
  const help = () => {
    const dialog = make("dialog", { "aria-label": "Keys and filters" }, make("h2", {}, "Keys"), listed("kbd", list),
      make("h2", {}, "Filters"), listed("code", filters()),
      Chart.button("Close", () => dialog.close()));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  const toggled = (key) => State.set({ [key]: State.value[key] === "log" ? "" : "log" });
  const actions = {
    "/": () => document.querySelector("#filter input").focus(),
    j: () => TableView.move(1),
    k: () => TableView.move(-1),
    p: () => TableView.active() >= 0 && CompareView.pin(TableView.active()),
    Enter: () => TableView.active() >= 0 && CompareView.open(TableView.active()),
    c: () => document.querySelector("#compare").scrollIntoView(),
    x: () => toggled("logx"),
    y: () => toggled("y"),
    g: () => State.set({ group: State.value.group ? "" : "seed" }),
    r: () => Live.apply(),
    "?": help,
    Escape: () => State.value.where && State.set({ where: "" }),
  };
  const start = () => addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !(event.key in actions) || event.defaultPrevented) return;
    // Of a button or a link, Enter is a click.
    if (event.key === "Enter" && event.target !== document.body) return;
    event.preventDefault();
    actions[event.key]();
  });
  return { start, help };
})();
