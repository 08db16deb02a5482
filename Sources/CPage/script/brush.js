// Limits of axes as conditions of the filter: `lr between 1e-4 and 1e-2`. The filter is the only place that holds them.
const Brush = (() => {
  const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|&&|\|\||[()[\]]|[^\s'"`()[\]&|]+/g;
  const NUMBER = "[-+\\w.]+";
  // The null of JSON, which is no text of a filter.
  const NULL = { text: "null" };

  const nameOf = ({ name }) => State.field(name);
  const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

  // Returns the conditions of a filter that `and` joins.
  const terms = (where) => {
    const list = [];
    let [depth, start, isBetween, hasOr] = [0, 0, false, false];
    for (const { 0: token, index } of where.matchAll(TOKEN)) {
      const word = token.toLowerCase();
      if (word === "(" || word === "[") depth += 1;
      else if (word === ")" || word === "]") depth -= 1;
      else if (depth > 0) continue;
      else if (word === "between") isBetween = true;
      else if (word === "or" || word === "||") hasOr = true;
      else if (word === "and" && isBetween) isBetween = false;
      else if (word === "and" || word === "&&") {
        list.push(where.slice(start, index));
        start = index + token.length;
      }
    }
    list.push(where.slice(start));
    return hasOr ? [`(${where.trim()})`] : list.map((term) => term.trim()).filter(Boolean);
  };

  // Returns the limits of a column in one condition: ranges {low, high} or texts; null for another condition.
  const parse = (column, term) => {
    const name = nameOf(column).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    if (term === `${nameOf(column)} is null`) return [NULL];
    const list = term.match(new RegExp(`^(\\(${name} is null or )?${name} in \\((.*)\\)$`, "s"));
    if (list) {
      const texts = [...list[2].matchAll(/'((?:[^']|'')*)'/g)].map(([, text]) => text.replaceAll("''", "'"));
      if (column.isNumeric) return texts.map((text) => ({ low: Number(text), high: Number(text) }));
      return [...(list[1] ? [NULL] : []), ...texts.map((text) => ({ text }))];
    }
    const parts = (term.match(/^\((.*)\)$/s)?.[1] ?? term).split(/ or /i);
    const ranges = parts.map((part) => {
      const both = part.match(new RegExp(`^${name} between (${NUMBER}) and (${NUMBER})$`));
      const one = part.match(new RegExp(`^${name} ([<>])= (${NUMBER})$`));
      if (both) return { low: Number(both[1]), high: Number(both[2]) };
      if (!one) return null;
      return one[1] === ">" ? { low: Number(one[2]), high: Infinity } : { low: -Infinity, high: Number(one[2]) };
    });
    return ranges.every((range) => range && range.low === range.low && range.high === range.high) ? ranges : null;
  };

  const textOf = (name, { low, high }) => {
    if (high === Infinity) return `${name} >= ${low}`;
    if (low === -Infinity) return `${name} <= ${high}`;
    return `${name} between ${low} and ${high}`;
  };

  // Returns the limits of a column in the filter.
  const read = (column) => terms(State.where).flatMap((term) => parse(column, term) ?? []);

  // Replaces the limits of columns in the filter and keeps its other conditions. `or` joins several limits.
  const write = (columns, limits) => {
    const rest = terms(State.where).filter((term) => !columns.some((column) => parse(column, term)));
    if (limits.length) {
      const name = nameOf(columns[0]);
      const words = limits.filter(({ text }) => text !== undefined && text !== NULL.text);
      const texts = limits.filter(({ text }) => text === undefined).map((limit) => textOf(name, limit));
      if (limits.some(({ text }) => text === NULL.text)) texts.push(`${name} is null`);
      if (words.length) texts.push(`${name} in (${words.map(({ text }) => quoted(text)).join(", ")})`);
      rest.push(texts.length > 1 ? `(${texts.join(" or ")})` : texts[0]);
    }
    State.set({ where: rest.join(" and ") });
  };

  // Returns the positions of a limit on an axis {scale, isLog} or {places, step} of a box.
  const pixels = ({ scale, places, step, isLog }, box, { text, low, high }) => {
    const [top, bottom] = [box.top - 6, box.bottom + 6];
    if (places) return places.has(text) ? [places.get(text) - step / 2, places.get(text) + step / 2] : [top, top];
    const at = (value, end) =>
      (Chart.hasPlace(value, isLog) ? Chart.clamp(scale.at(value), top, bottom) : end);
    return [at(high, top), at(low, bottom)];
  };

  // Returns the limits that a drag means. A drag past the end of an axis has no limit there.
  const limits = ({ scale, places, step, floor, ceiling }, from, to) => {
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    if (places) {
      const isInside = ([, y]) => y + step / 2 > first && y - step / 2 < last;
      return [...places].filter(isInside).map(([text]) => ({ text }));
    }
    // As many digits as a pixel tells apart.
    const rounded = (y) => {
      const size = Math.abs(scale.inverse(y + 0.5) - scale.inverse(y - 0.5));
      const value = scale.inverse(y);
      const digits = Math.floor(Math.log10(Math.abs(value) || size)) - Math.floor(Math.log10(size)) + 1;
      return Number(value.toPrecision(Math.min(Math.max(digits, 1), 15)));
    };
    const range = { low: last > floor ? -Infinity : rounded(last), high: first < ceiling ? Infinity : rounded(first) };
    return range.low === -Infinity && range.high === Infinity ? [] : [range];
  };

  return { terms, read, write, pixels, limits, quoted };
})();
