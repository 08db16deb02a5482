// The experiments that run, and the reasons of those that ended otherwise.
const RunningView = (() => {
  const { make, name } = Chart;
  const MAX = 50;
  const NUMBER = /\d+(\.\d+)?|[\r\n]+/g;
  let section = null;

  const item = (row, text) => make("li", { pointerenter: () => State.hover(row), pointerleave: () => State.hover(-1) },
    Chart.button(Data.id(row), () => CompareView.open(row), { class: "link" }), ` ${text}`);

  const runningText = (row) => {
    const [started, seen, epochs] = ["started", "seen", "epochs"].map((key) => Data.number(key, row));
    const parts = [];
    if (Number.isFinite(seen)) parts.push(`last seen ${Format.ago(seen, Data.now)}`);
    if (epochs > 0) parts.push(`epoch ${epochs}`);
    const minutes = (Data.number("updated", row) - started) / 60000;
    if (epochs > 0 && minutes > 0) parts.push(`${Format.short(Number((epochs / minutes).toPrecision(2)))} epochs a minute`);
    return parts.join(", ");
  };

  // Returns the condition on equal reasons, or on those that differ in numbers. The filter's input has no line feeds.
  const condition = ([reason, ...others]) => {
    const field = State.field("reason");
    if (reason === null) return `${field} is null and ${State.field("status")} in (failed, stopped)`;
    const pattern = reason.replaceAll(/[%_\\]/g, "\\$&").replaceAll(others.length ? NUMBER : /[\r\n]+/g, "%");
    const isLike = others.length || /[\r\n]/.test(reason);
    return isLike ? `${field} like ${Lexer.quoted(pattern)}` : `${field} = ${Lexer.quoted(reason)}`;
  };

  const part = (title, items, total) => (items.length
    ? [make("h3", {}, title), make("ul", {}, ...items, ...(total > items.length ? [make("li", { class: "muted" }, `${total - items.length} more`)] : []))]
    : []);

  const update = (changed) => {
    if (changed && !["data", "where"].some((key) => changed.has(key))) return;
    const rows = [...State.rows];
    const byStatus = (status) => rows.filter((row) => Data.text("status", row) === status);
    const running = byStatus("running");
    const lost = byStatus("lost");
    const reasons = new Map();
    for (const row of [...byStatus("failed"), ...byStatus("stopped")]) {
      const reason = Data.text("reason", row);
      const kind = reason?.replaceAll(NUMBER, "#") ?? "";
      if (!reasons.has(kind)) reasons.set(kind, []);
      reasons.get(kind).push(reason);
    }
    const grouped = [...reasons.values()].sort((a, b) => b.length - a.length);
    const reasonItem = (members) => {
      const texts = [...new Set(members)];
      const text = texts[0] ?? "no reason";
      return make("li", {}, `${members.length} × `, name(texts.length > 1 ? text.replaceAll(NUMBER, "…") : text), " ",
        Chart.button("show", () => State.addCondition(condition(texts)), { class: "link" }));
    };
    const content = [
      ...part("Running", running.slice(0, MAX).map((row) => item(row, runningText(row))), running.length),
      ...part("Lost", lost.slice(0, MAX).map((row) => item(row, runningText(row))), lost.length),
      ...part("Failed and stopped", grouped.slice(0, MAX).map(reasonItem), grouped.length),
    ];
    const empty = make("p", { class: "muted" }, "No experiment runs, and none has failed.");
    Chart.refresh(section, [section.querySelector("h2"), ...(content.length ? content : [empty])]);
  };

  const mount = (element) => {
    section = element;
    update(null);
  };
  return { mount, update };
})();
