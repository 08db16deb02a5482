// The meaning of a parsed filter: its names are resolved, and its values fit the fields.
const Binder = (() => {
  const { fail, pairs, printable } = Lexer;
  const { COMPUTED, STATES, ordered, between, inPeriods, onText, oneOf, ids, toBest, tested } = Conditions;
  const MAX_WORDS = 4;
  const STATUSES = ["running", "done", "failed", "stopped", "lost"];
  const STATUS_ALIASES = pairs("finished done finish done complete done completed done success done succeeded done "
    + "fail failed error failed crashed lost killed stopped pruned stopped cancelled stopped canceled stopped "
    + "active running");
  const TURNED = pairs("= = != != < > <= >= > < >= <=");
  // The names of Aim that have no counterpart.
  const AIM = pairs("metric.name,write the channel itself: valid > 0.9,run.active,status = running,"
    + "run.archived,leave this condition out,run.is_archived,leave this condition out,"
    + "metric.context,leave this condition out", ",");

  // Throws the error about a field that is compared as a number and has only words.
  const checkNumbers = ({ column }, { text, mark, range }) => {
    const words = new Set();
    const texts = new Set();
    for (let row = 0; column && row < Data.rows; row += 1) {
      const stored = column.text(row);
      if (stored === null || texts.has(stored)) continue;
      texts.add(stored);
      for (const scalar of Literals.scalars(stored)) {
        if (scalar.isWhole) continue;
        if (scalar.number) return;
        if (words.size <= MAX_WORDS) words.add(scalar.text);
      }
    }
    if (!words.size) return;
    let list = [...words].sort().map((each) => printable(each, 24));
    if (list.length > MAX_WORDS) list = [...list.slice(0, MAX_WORDS), "others"];
    const last = list.pop();
    const name = printable(text);
    const shown = list.length ? `${list.join(", ")} or ${last}` : last;
    fail(`${name} holds words, and ${mark} is for numbers`, range, `${name} is ${shown}`);
  };

  // Resolves the names of a tree, and checks that the values fit the fields. Returns a function of a row.
  const bind = (tree, isLenient) => {
    const names = Names.resolver(isLenient);
    const checks = [];

    const fieldOf = (operand) => {
      const field = names.resolve(operand);
      const isComputed = field.isAttribute && Object.hasOwn(COMPUTED, field.name);
      return isComputed ? { ...field, column: COMPUTED[field.name]() } : field;
    };
    const failBest = (operand) =>
      fail("best is the best value of a channel", operand, "for example valid >= best - 0.01");
    const textOf = (value) => {
      if (value.kind === "best") failBest(value);
      const isField = value.kind === "word" && !Literals.number(value.value) && names.isKnown(value);
      if (value.kind === "name" || isField) {
        const name = printable(value.text);
        const hint = `if it is text, put it in quotes: '${name}'`;
        fail(`${name} is a field, and a filter compares a field with a value`, value, hint);
      }
      return value.value;
    };
    const statusOf = (text, value) => {
      const name = text.toLowerCase();
      const status = STATUSES.includes(name) ? name : STATUS_ALIASES.get(name);
      const hint = "done (finished is the same), running, failed, stopped, lost";
      return status ?? fail(`status is never '${printable(text)}'`, value, hint);
    };
    const numberOf = (value, { kind }, operand) => {
      const text = textOf(value);
      if (kind === "spans") {
        const seconds = Literals.seconds(text) ?? fail("not a span of time", value, "10s, 5m, 2h or 1d");
        return { value: seconds, digits: null };
      }
      const number = Literals.number(text);
      if (number) return number;
      const name = printable(operand.text);
      if (value.kind === "word" && /^nan$/i.test(text)) fail("nothing compares with nan", value, `${name} is nan`);
      const span = Literals.span(text);
      const shown = `'${printable(text)}'`;
      const message = kind === "numbers" ? `${name} holds numbers, ${shown} is none` : `${shown} is no number`;
      return fail(message, value, span === null ? null : `write seconds: ${Format.text(span)}`);
    };
    const literalOf = (value, field, operand) => {
      // Also if a channel is called done.
      if (field.kind === "status" && value.kind === "word") return Literals.literal(statusOf(value.value, value));
      const text = textOf(value);
      const name = printable(operand.text);
      if (value.kind === "word" && /^(null|none|nan)$/i.test(text)) {
        const lowered = text.toLowerCase();
        const hint = lowered === "none" ? `null, or '${text}' if it is text` : lowered;
        fail(`nothing equals ${text}`, value, `${name} is ${hint}`);
      }
      if (field.kind === "status") return Literals.literal(statusOf(text, value));
      if (field.kind === "spans" || field.kind === "numbers") return { text, number: numberOf(value, field, operand) };
      return Literals.literal(text);
    };
    const timeOf = (value) =>
      Literals.time(textOf(value)) ?? fail("not a time", value, "2026-11-24, 2026-11-24T09:00, or age < 1d");
    const patternOf = (value) => {
      const text = textOf(value);
      try {
        return Pattern.compile(text);
      } catch ({ message, place }) {
        const problem = `the pattern has an error: ${message}`;
        if (place === undefined) return fail(problem, value);
        const start = Math.min(value.start + place + (value.kind === "text" ? 1 : 0), value.end);
        const range = { start, end: Math.min(start + 1, value.end) };
        return fail(problem, range, `inside the pattern, character ${[...text.slice(0, place)].length + 1}`);
      }
    };

    const requireNumbers = (field, operand, mark, range) => {
      if (field.kind === "any") checks.push(() => checkNumbers(field, { text: operand.text, mark, range }));
      if (field.kind !== "words" && field.kind !== "status") return;
      fail(`${printable(operand.text)} holds words, and ${mark} is for numbers`, range, "one of = != in like ~");
    };
    const requireWords = ({ kind }, operand, mark, range) => {
      const name = printable(operand.text);
      const rest = { numbers: "between 0.9 and 1", times: ">= 2026-11-24", spans: "< 2h" }[kind];
      if (rest) fail(`${mark} is for words, ${name} holds numbers`, range, `${name} ${rest}`);
    };

    const membership = (field, operand, values) => {
      if (field.kind === "times") return inPeriods(values.map(timeOf));
      const literals = values.map((value) => literalOf(value, field, operand));
      return field.isAttribute && field.name === "id" ? ids(literals.map(({ text }) => text)) : oneOf(literals);
    };
    const comparisonWithBest = (field, comparison, value) => {
      if (field.channel === null && field.name) failBest(value);
      return toBest(comparison, value, field.channel);
    };
    const order = (field, operand, comparison, mark, value) => {
      if (value.kind === "best") return comparisonWithBest(field, comparison, value);
      requireNumbers(field, operand, mark.text, mark);
      if (field.kind !== "times") return ordered(comparison, numberOf(value, field, operand));
      const [start, end] = timeOf(value);
      // After 2026-11-24 is after the end of that day, and until then includes it.
      const limit = { value: comparison === "<" || comparison === ">=" ? start : end };
      return ordered(comparison[0] === "<" ? "<" : ">=", limit);
    };

    const comparison = ({ left, mark, right }) => {
      for (const { kind, value, start, end } of [left, right]) {
        const hint = kind === "word" && AIM.get(value.toLowerCase().replace(/^(metric\.context).*/s, "$1"));
        const isForeign = hint && !names.isKnown({ kind, value });
        if (isForeign) fail(`${printable(value)} of Aim has no counterpart`, { start, end }, hint);
      }
      // 0.9 < valid and 'adam' = opt.
      const [mayLeft, mayRight] = [left, right].map(names.mayBeField);
      const isTurned = (!mayLeft && mayRight) || (!names.isKnown(left) && names.isKnown(right));
      if (!isTurned && !mayLeft) names.missing(left);
      const [operand, value] = isTurned ? [right, left] : [left, right];
      const kind = isTurned ? TURNED.get(mark.value) : mark.value;
      if (!kind) fail(`the pattern belongs after ${mark.text}`, left);
      const field = fieldOf(operand);
      if (kind.includes("~")) {
        requireWords(field, operand, mark.text, mark);
        return tested(field, onText(patternOf(value)), kind === "!~");
      }
      if (/[<>]/.test(kind)) return tested(field, order(field, operand, kind, mark, value), false);
      const isBest = value.kind === "best";
      const condition = isBest ? comparisonWithBest(field, "=", value) : membership(field, operand, [value]);
      return tested(field, condition, kind === "!=");
    };

    const node = (tree) => {
      const { op, operand, isNegated } = tree;
      if (op === "not") {
        const part = node(tree.part);
        return (row) => !part(row);
      }
      if (op === "and" || op === "or") {
        const parts = tree.parts.map(node);
        return op === "and" ? (row) => parts.every((part) => part(row)) : (row) => parts.some((part) => part(row));
      }
      if (op === "comparison") return comparison(tree);
      const field = fieldOf(operand);
      if (op === "in") return tested(field, membership(field, operand, tree.values), isNegated);
      if (op === "is") return tested(field, { state: tree.state, test: STATES[tree.state] }, isNegated);
      if (op === "like") {
        const { keyword } = tree.word;
        requireWords(field, operand, keyword, tree.word);
        return tested(field, onText(LikePattern(textOf(tree.value), keyword === "ilike")), isNegated);
      }
      for (const bound of [tree.low, tree.high]) if (bound.kind === "best") failBest(bound);
      requireNumbers(field, operand, "between", operand);
      const isTime = field.kind === "times";
      const valueOf = (bound) => (isTime ? timeOf(bound) : numberOf(bound, field, operand));
      const [low, high] = [valueOf(tree.low), valueOf(tree.high)];
      return tested(field, isTime ? inPeriods([[low[0], high[1]]]) : between(low, high), isNegated);
    };
    const matches = node(tree);
    for (const check of checks) check();
    return matches;
  };
  return { STATUSES, bind };
})();
