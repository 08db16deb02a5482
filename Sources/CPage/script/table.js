// The leaderboard: a grid of which only the visible rows and columns are in the document.
const TableView = (() => {
  const ROW = 30;
  // The rows of the printed table, and its width in those of the columns: a sheet of A4.
  const PRINTED_ROWS = 100;
  const PRINTED_WIDTH = 1300;
  const { make, name } = Chart;
  const { curve } = Columns;
  let section = null;
  let scroller = null;
  let sheet = null;
  let head = null;
  let note = null;
  let menu = null;
  let paper = null;
  let columns = [];
  let items = [];
  // The place of the row that the keys have moved to; -1 before the first key.
  let active = -1;
  // The experiment that the keys have moved to, which stays the active one when the data change.
  let activeId = null;
  // The columns of the menus, which stay as they are while these do.
  let menuKey = "";
  const pool = [];

  const sortBy = (column, isAdded) => {
    if (!column.name || State.value.group) return;
    const keys = State.sortKeys();
    const index = keys.findIndex((key) => key.name === column.name);
    // The better end first, then the other end, then the order of the ranking.
    const direction = Data.battery.directions?.[column.name.slice(4)] ?? "max";
    const isFirstDescending = column.isObjective ? Data.isHighestBest : column.name.startsWith("max.") && direction === "max";
    const old = index < 0 ? null : keys[index].isDescending;
    const next = old === null ? [{ name: column.name, isDescending: isFirstDescending }]
      : old === isFirstDescending ? [{ name: column.name, isDescending: !isFirstDescending }] : [];
    const others = isAdded ? keys.filter((_, place) => place !== index) : [];
    State.set({ sort: State.join([...others, ...next].map((key) => (key.isDescending ? "-" : "") + key.name)) });
  };

  const header = () => {
    const keys = State.value.group ? [] : State.sortKeys();
    let left = 0;
    head.replaceChildren(...columns.map((column, index) => {
      const key = keys.find((one) => one.name && one.name === column.name);
      const cell = make("button", { type: "button", role: "columnheader", "aria-colindex": index + 1,
        class: column.isNumeric ? "number" : "", title: column.name || column.title,
        "aria-sort": key ? (key.isDescending ? "descending" : "ascending") : "none",
        click: (event) => sortBy(column, event.shiftKey) }, name(column.title), key ? (key.isDescending ? " ▼" : " ▲") : "");
      cell.style.width = `${column.width}px`;
      cell.style.left = `${left}px`;
      if (index < 2) cell.classList.add("fixed");
      column.left = left;
      left += column.width;
      return cell;
    }));
    head.style.width = sheet.style.width = `${left}px`;
  };

  const content = (column, item) => {
    const shown = column.show(item.row, item);
    return typeof shown === "object" ? shown : name(shown);
  };
  const fillRow = (element, index, first, last) => {
    const item = items[index];
    element.item = item;
    element.className = item.row === State.hovered() ? "row lit" : "row";
    if (index === active) element.classList.add("active");
    element.style.transform = `translateY(${index * ROW}px)`;
    element.setAttribute("aria-rowindex", index + 2);
    element.setAttribute("aria-selected", String(State.colour(item.row) >= 0));
    element.replaceChildren(...columns.flatMap((column, place) => {
      if (place > 1 && (place < first || place > last)) return [];
      const cell = make("div", { role: "gridcell", "aria-colindex": place + 1, class: column.isNumeric ? "number" : "" });
      if (place < 2) cell.classList.add("fixed");
      cell.style.width = `${column.width}px`;
      cell.style.left = `${column.left}px`;
      cell.append(content(column, item));
      const text = column.text(item.row, item);
      if (cell.firstChild.localName === "bdi" || (column.isNumeric && text && !cell.textContent.endsWith(text))) cell.title = text;
      return [cell];
    }));
  };

  const draw = () => {
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = scroller;
    const top = Math.max(0, Math.floor(scrollTop / ROW) - 2);
    const bottom = Math.min(items.length, Math.ceil((scrollTop + clientHeight) / ROW) + 2);
    const isVisible = ({ left, width }) => left + width >= scrollLeft && left <= scrollLeft + clientWidth;
    const first = columns.findIndex(isVisible);
    const last = columns.findLastIndex(isVisible);
    while (pool.length < bottom - top) pool.push(sheet.appendChild(make("div", { role: "row" })));
    pool.forEach((element, place) => {
      element.hidden = place >= bottom - top;
      if (!element.hidden) fillRow(element, top + place, first, last);
    });
  };

  // Fills the table that is printed in place of the grid, of which only a part is in the document.
  const print = () => {
    let width = 0;
    const [fit, rest] = [[], []];
    for (const column of columns) {
      if (column === curve) continue;
      width += column.width;
      (width <= PRINTED_WIDTH ? fit : rest).push(column);
    }
    const line = (tag, child) =>
      make("tr", {}, ...fit.map((column) => make(tag, { class: column.isNumeric ? "number" : "" }, child(column))));
    const rows = items.slice(0, PRINTED_ROWS).map((item) => line("td", (column) => content(column, item)));
    const count = items.length > rows.length ? `The first ${rows.length} of ${items.length}. ` : "";
    const others = rest.length ? ["Not printed: ", name(rest.map(({ title }) => title).join(", "))] : [];
    paper.replaceChildren(make("caption", {}, count, ...others),
      make("thead", {}, line("th", (column) => name(column.title))), make("tbody", {}, ...rows));
  };

  const activate = (index) => {
    active = index;
    activeId = items[active] ? Data.id(items[active].row) : null;
    State.frame(draw);
  };
  const move = (step) => {
    activate(Math.max(0, Math.min(items.length - 1, active + step)));
    scroller.scrollIntoView({ block: "nearest", behavior: "instant" });
    const top = active * ROW;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    if (top + 2 * ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + 2 * ROW - scroller.clientHeight;
    if (items[active]) State.hover(items[active].row);
  };

  const columnMenu = () => {
    const keys = Columns.keys();
    const search = make("input", { type: "search", placeholder: "Search columns", "aria-label": "Search columns" });
    search.value = menu.querySelector("input")?.value ?? "";
    const list = make("div", { class: "list" });
    // The columns that the search hides stay.
    const choose = ({ target: { value } }) =>
      State.set({ cols: State.join(keys.includes(value) ? keys.filter((key) => key !== value) : [...keys, value]) });
    const all = [...new Set([Data.objective.name, "curve", ...Data.columns.map((column) => column.name)])]
      .filter((key) => key !== "id" && key !== "rank");
    const fill = () => list.replaceChildren(...all.filter((key) => key.includes(search.value)).map((value) => {
      const box = make("input", { type: "checkbox", value, change: choose });
      box.checked = keys.includes(value);
      return make("label", {}, box, name(value));
    }));
    search.addEventListener("input", fill);
    fill();
    const usual = Chart.button("Usual columns", () => State.set({ cols: "" }));
    const every = Chart.button("All columns", () => State.set({ cols: State.join(all) }));
    Chart.refresh(menu, [make("summary", {}, "Columns"), search, usual, every, list]);
  };

  const grouping = () => {
    const choices = [["", "each experiment"], ["seed", "all but the seed"], ["params", "all hyper-parameters"],
      ...Data.parameters().varying.map((column) => [State.join([column.name]), Chart.short(column.label, 40)])];
    const select = make("select", { change: () => State.set({ group: select.value }) },
      ...choices.map(([value, text]) => make("option", { value }, text)));
    select.value = State.value.group;
    return make("label", {}, "Group by ", select);
  };

  // Makes the menus again if their columns or the state are others, because one of them may be open.
  const menus = () => {
    const { cols, group } = State.value;
    const key = JSON.stringify([cols, group, Columns.keys(), Data.columns.map((column) => [column.name, column.isConstant])]);
    if (key === menuKey) return;
    menuKey = key;
    columnMenu();
    const tools = section.querySelector(".tools");
    // The arrow keys go through its choices.
    if (document.activeElement.localName === "select" && tools.contains(document.activeElement)) return;
    tools.firstChild?.remove();
    tools.prepend(grouping());
  };

  // Returns the sentences below the table.
  const remarks = (isGrouped) => {
    const { where, group } = State.value;
    const fields = /^(seed|params)$/.test(group) ? [] : State.split(group);
    const named = [...fields, ...State.sortKeys().map((key) => key.name)];
    const found = named.filter((key) => !Data.column(key)).map((key) => `No column is called ${key}.`);
    if (items.length === 0 && Data.rows > 0) found.push("No experiment fulfils the filter.");
    if (isGrouped ? items.some(({ isClose }) => isClose) : State.rows.some(Columns.isClose)) {
      found.push(`≈ ${Data.noise.text}.`);
      if (isGrouped) found.push("The limit is less for means.");
      if (where) found.push("The best is that of the filtered experiments.");
    }
    return found.join(" ");
  };

  const update = (changed) => {
    if (changed && !["data", "where", "sort", "cols", "group", "pin"].some((key) => changed.has(key))) return;
    const isGrouped = State.value.group !== "";
    const grouped = isGrouped ? Columns.groups() : null;
    items = grouped ? grouped.list : Array.from(State.rows, (row) => ({ row }));
    columns = grouped ? Columns.ofGroups(grouped.fields) : Columns.usual();
    const moved = changed?.has("data") ? items.findIndex(({ row }) => Data.id(row) === activeId) : -1;
    active = moved < 0 ? Math.min(active, Math.max(items.length - 1, 0)) : moved;
    header();
    sheet.style.height = `${items.length * ROW}px`;
    scroller.style.height = `${Math.min(items.length + 1, 20) * ROW + 18}px`;
    scroller.setAttribute("aria-rowcount", items.length + 1);
    scroller.setAttribute("aria-colcount", columns.length);
    note.textContent = remarks(isGrouped);
    menus();
    menu.hidden = isGrouped;
    State.frame(draw);
  };

  const mount = (element) => {
    section = element;
    section.querySelectorAll(".static").forEach((old) => old.remove());
    head = make("div", { role: "row", class: "head", "aria-rowindex": 1 });
    sheet = make("div", { class: "sheet", role: "rowgroup" });
    scroller = make("div", { class: "grid", role: "grid", tabindex: "0", "aria-label": "Leaderboard" }, head, sheet);
    menu = make("details", { class: "menu" });
    note = make("p", { class: "muted" });
    paper = make("table", { class: "print print-only" });
    section.append(make("div", { class: "tools" }, "", menu), scroller, paper, note);
    addEventListener("beforeprint", print);
    const rowOf = (event) => event.target.closest("[role=row]")?.item?.row ?? -1;
    scroller.addEventListener("scroll", () => State.frame(draw), { passive: true });
    scroller.addEventListener("pointerover", (event) => State.hover(rowOf(event)));
    scroller.addEventListener("pointerleave", () => State.hover(-1));
    sheet.addEventListener("click", (event) => {
      const row = rowOf(event);
      if (row < 0) return;
      // The keys go on from here.
      activate(items.findIndex((item) => item.row === row));
      CompareView.pin(row);
    });
    sheet.addEventListener("dblclick", (event) => rowOf(event) >= 0 && CompareView.open(rowOf(event)));
    scroller.addEventListener("keydown", (event) => {
      const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity };
      if (event.key in steps) move(steps[event.key]);
      else if (event.key === "Enter" && items[active]) CompareView.open(items[active].row);
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => State.frame(draw)).observe(scroller);
    update(null);
  };

  const hover = (row) => {
    for (const element of pool) element.classList.toggle("lit", !element.hidden && element.item?.row === row && row >= 0);
  };
  // The rows and columns for a file.
  const shown = () => ({ columns: columns.filter((column) => column !== curve), items });
  return { mount, update, hover, move, shown, active: () => items[active]?.row ?? -1 };
})();
