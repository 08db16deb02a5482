// The translations of filters of other programs, for hints.
const Dialects = (() => {
  const { pairs, printable } = Lexer;
  const NEPTUNE_TYPES = "bool int float string datetime floatseries stringset artifact file floatset".split(" ");
  const NEPTUNE_NAMES = pairs("sys/failed,status = failed,sys/id,id,sys/custom_run_id,id,sys/name,name,"
    + "sys/creation_time,started,sys/modification_time,updated,sys/running_time,duration,sys/state,status,"
    + "sys/tags,tags,sys/hostname,host,sys/ping_time,seen", ",");
  const OPERATORS = pairs("$gt,>,$gte,>=,$lt,<,$lte,<=,$eq,=,$ne,!=,$in,in,$nin,not in,$regex,~", ",");
  const trimmed = (text) => text.replace(/^ +| +$/g, "");

  // Returns the translation of `metrics.loss:<0.3, status:running`.
  const polyaxon = (text) => printable(text.split(",").filter(Boolean).slice(0, 8).map((part) => {
    const halves = /^:*([^:]+):(.+)$/s.exec(part);
    if (!halves) return trimmed(part);
    const [, comparison, value] = /^([<>=~]*) *(.*)$/s.exec(trimmed(halves[2]));
    return `${trimmed(halves[1]).split(".").filter(Boolean).pop() ?? ""} ${comparison || "="} ${value}`;
  }).join(" and "), 120);

  // Returns the message about a colon, its range, and what to write.
  const colon = (text, range) => {
    const before = Lexer.nameBefore(text.slice(0, range.start));
    const after = Lexer.nameAfter(text.slice(range.end).replace(/^ +/, ""));
    if (/^\d/.test(before) && /^\d/.test(after)) {
      return ["a time of day needs its date", range, "2026-11-24T09:30, or 10m for a span of time"];
    }
    if (before.toLowerCase() === "has" && after) {
      return ["this is LEET's form", range, `${printable(after, 40)} is not null`];
    }
    if (!NEPTUNE_TYPES.includes(after.toLowerCase())) return ["this is Polyaxon's form", range, polyaxon(text)];
    const name = before.startsWith("sys/") ? before : before.split("/").filter(Boolean).pop() ?? before;
    const counterpart = NEPTUNE_NAMES.get(name) ?? printable(name, 40);
    return ["this is Neptune's form", range, `write the name without its type: ${counterpart}`];
  };

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  // Returns a value that is understood. mongo() catches the exception.
  const need = (value) => {
    if (!value) throw TypeError();
    return value;
  };
  const literal = (value) => {
    if (typeof value === "string") return Lexer.quoted(value);
    if (Array.isArray(value)) return `(${value.map(literal).join(", ")})`;
    return value === null || isObject(value) ? "" : Literals.jsonText(value);
  };
  const comparison = (name, operator, value) => {
    const field = Names.shown(name);
    if (operator === "$exists" && typeof value === "boolean") return `${field} is ${value ? "not null" : "null"}`;
    const mark = need(OPERATORS.get(operator));
    if (value === null && "!=".includes(mark)) return `${field} is ${mark === "=" ? "null" : "not null"}`;
    need(mark.endsWith("in") === (Array.isArray(value) && value.length > 0));
    return `${field} ${mark} ${need(literal(value))}`;
  };
  const joined = (parts, word, isNested) => {
    const text = need(parts.join(word));
    return isNested && parts.length > 1 ? `(${text})` : text;
  };
  // Returns the conditions of an object, all of which must be true.
  const conditions = (value) => Object.entries(need(isObject(value) && value)).flatMap(([name, inner]) => {
    if (name === "$and") return need(Array.isArray(inner)) && inner.flatMap(conditions);
    if (name === "$or") {
      need(Array.isArray(inner));
      return joined(inner.map((each) => joined(conditions(each), " and ", inner.length > 1)), " or ", true);
    }
    need(name[0] !== "$");
    const comparisons = Object.entries(isObject(inner) ? inner : { $eq: inner });
    return comparisons.map(([operator, each]) => comparison(name, operator, each));
  });

  // Returns the translation of a Mongo query, `{"config.lr": {"$gt": 0.1}}`.
  const mongo = (text) => {
    try {
      const condition = joined(conditions(JSON.parse(text)), " and ");
      return printable(need(condition.length <= 280 && condition), 280);
    } catch {
      return "write conditions such as lr > 0.1 and opt = 'adam'";
    }
  };

  return { colon, mongo };
})();
