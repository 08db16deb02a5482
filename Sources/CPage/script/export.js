// The rows and columns that the leaderboard shows, as a file.
const Export = (() => {
  // As hypero-query export: the names of columns, and times by ISO 8601.
  const title = ({ name, title }) => ({ id: "experiment", seen: "last_seen" }[name] ?? (name || title));
  const textOf = (column, item) => {
    const text = String(column.text(item.row, item));
    const isTime = Columns.TIMES.includes(column.name) && text && Math.abs(text) < 8e15;
    return isTime ? new Date(Number(text)).toISOString() : text;
  };
  const isJSON = (text) => {
    try {
      JSON.parse(text);
      return !/[\r\n]/.test(text);
    } catch {
      return false;
    }
  };
  // A stored text that would be a number without its quotes has them.
  const plain = (text) => (/^"[^]*"$/.test(text) && isJSON(text) ? JSON.parse(text) : text);
  const cells = () => {
    const { columns, items } = TableView.shown();
    return [columns.map(title), ...items.map((item) => columns.map((column) => plain(textOf(column, item))))];
  };

  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  // As hypero-query export --excel: an apostrophe before what a spreadsheet would run as a formula, because a file of a page is opened
  // by a click. https://owasp.org/www-community/attacks/CSV_Injection
  const guarded = (text) =>
    (/^([\t\r\n]|\s*[=+\-@＝＋－＠])/.test(text) && !Number.isFinite(Data.numberOf(text)) ? `'${text}` : text);
  const csv = () => cells().map((row) => row.map(guarded).map(quoted).join(",")).join("\r\n") + "\r\n";

  // Numbers are written as stored, because a double has not all digits of a long one. nan and inf are texts.
  const json = () => {
    const { columns, items } = TableView.shown();
    const value = (column, item) => {
      const text = textOf(column, item);
      if (text === "" && Data.column(column.name)?.text(item.row) !== "") return "null";
      const isStored = column.isNumeric || column.name.includes(".");
      return isStored && isJSON(text) ? text : JSON.stringify(text);
    };
    const field = (column, item) => `${JSON.stringify(title(column))}:${value(column, item)}`;
    return items.map((item) => `{${columns.map((column) => field(column, item)).join(",")}}\n`).join("");
  };

  const markdown = () => {
    const [head, ...rows] = cells();
    const line = (row) => `| ${row.map((text) => text.replaceAll("|", "\\|").replaceAll(/[\r\n]+/g, " ")).join(" | ")} |`;
    return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n") + "\n";
  };

  const forms = { CSV: [csv, "csv", "text/csv"], JSON: [json, "jsonl", "application/json"], Markdown: [markdown, "md", "text/markdown"] };

  const save = (form) => {
    const [make, end, type] = forms[form];
    const href = URL.createObjectURL(new Blob([make()], { type }));
    const link = Chart.make("a", { href, download: `${Data.battery.name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-")}.${end}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  };
  return { save, forms: Object.keys(forms), csv, json, markdown };
})();
