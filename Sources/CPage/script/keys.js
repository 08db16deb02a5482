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
    ["/", "filter"], ["j k", "next and previous experiment"], ["p", "pin it"], ["Enter", "show its details"],
    ["c", "compare the pinned ones"], ["x y", "logarithmic axes of the curves"], ["g", "group by all but the seed"], ["Esc", "close, or clear the filter"],
    ["r", "show newer experiments, of a page of a server"], ["?", "this list"],
  ];
  const help = () => {
    const dialog = make("dialog", { "aria-label": "Keys" }, make("h2", {}, "Keys"),
      make("dl", {}, ...list.flatMap(([key, text]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)])),
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
