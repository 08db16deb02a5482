// The rows and columns that the leaderboard shows, as a file.
const Export = (() => {
  const cells = () => {
    const { columns, items } = TableView.shown();
    const head = columns.map((column) => column.name || column.title);
    return [head, ...items.map((item) => columns.map((column) => String(column.text(item.row, item))))];
  };

  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const csv = () => cells().map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";

  const json = () => {
    const { columns, items } = TableView.shown();
    const value = (column, item) => {
      const text = String(column.text(item.row, item));
      if (text === "") return null;
      return column.isNumeric && Number.isFinite(Number(text)) ? Number(text) : text;
    };
    const object = (item) => Object.fromEntries(columns.map((column) => [column.name || column.title, value(column, item)]));
    return items.map((item) => JSON.stringify(object(item))).join("\n") + "\n";
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
