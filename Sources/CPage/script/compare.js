// The pinned experiments side by side, and the details of one.
const CompareView = (() => {
  const { make, name } = Chart;
  let section = null;
  let dialog = null;

  // Pins a row or takes the pin away. Says so if there are as many pins as colours.
  const pin = (row) => {
    if (!State.togglePin(row)) Notice.show("Eight experiments are pinned. Take one pin away first.");
  };

  const header = (row) => {
    const colour = State.colour(row);
    return make("th", { scope: "col" }, make("i", { class: colour < 0 ? "swatch" : `swatch pin${colour}` }), name(Data.id(row)));
  };

  // Returns the lines of a comparison: hyper-parameters, then the values at the best epoch, then the rest. Times and
  // ranks always differ.
  const lines = (rows, isDifferent) => {
    const kinds = { param: 0, max: 1, attribute: 2, meta: 3 };
    const columns = Data.columns.filter((column) => column.name !== "id" && rows.some((row) => column.has(row)));
    return columns.sort((a, b) => kinds[a.kind] - kinds[b.kind]).filter((column) => {
      const texts = rows.map((row) => column.text(row));
      const mayDiffer = ![...Columns.TIMES, "rank"].includes(column.name);
      return !isDifferent || (mayDiffer && texts.some((text) => text !== texts[0]));
    });
  };

  const table = (rows, isDifferent) => make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, ""), ...rows.map(header))),
    make("tbody", {}, ...lines(rows, isDifferent).map((column) => {
      const type = column.isNumeric ? "number" : "";
      const cells = rows.map((row) => make("td", { class: type }, name(Columns.shown(column, row))));
      return make("tr", {}, make("th", { scope: "row", title: column.name }, name(column.name, 48)), ...cells);
    })));

  const update = (changed) => {
    if (changed && !["data", "pin", "diff"].some((key) => changed.has(key))) return;
    const isDifferent = State.value.diff === "1";
    const rows = State.pins;
    const tools = [
      Chart.toggle("Only differences", isDifferent, () => State.set({ diff: isDifferent ? "0" : "1" })),
      Chart.button("Remove all pins", () => State.set({ pin: "" })),
    ];
    const content = rows.length ? [make("div", { class: "tools" }, ...tools), make("div", { class: "scroll", tabindex: "0" }, table(rows, isDifferent && rows.length > 1))]
      : [make("p", { class: "muted" }, "Click experiments in the leaderboard or in a chart to compare them here.")];
    Chart.refresh(section, [section.querySelector("h2"), ...content]);
  };

  // Opens the details of an experiment.
  const open = (row) => {
    dialog?.remove();
    const id = Data.id(row);
    const close = () => dialog.close();
    const isPinned = State.isPinned(row);
    dialog = make("dialog", { "aria-label": `Experiment ${id}` },
      make("div", { class: "tools" }, make("strong", {}, name(id)),
        // Its row may be another one meanwhile.
        Chart.button(isPinned ? "Remove pin" : "Pin", () => { if (Data.byId.has(id)) pin(Data.byId.get(id)); close(); }),
        Chart.button("Copy id", () => Notice.copy(id, "The id")), Chart.button("Close", close)),
      make("div", { class: "scroll" }, table([row], false)));
    document.body.append(dialog);
    dialog.showModal();
  };

  const mount = (element) => {
    section = element;
    update(null);
  };
  return { mount, update, open, pin };
})();
