// The errors about parts that a filter has not, but those of other programs. A cursor has the tokens around a place.
const Mistakes = (() => {
  const { fail, pairs, printable, quoted } = Lexer;
  const PATTERNS = pairs("contains,%x%,startswith,x%,endswith,%x", ",");
  const TIMES = /^(datetime|date|timestamp|to_datetime|strptime|now|utcnow|today)$/;
  const FUNCTIONS = [[/^config$/, "config."], [/^summary(metric)?$/, "summary."], [/^((metric|param)s?|tags)$/, ""]];
  const AGGREGATES = /^(max|min|mean|avg|last|first|best|latest)$/;
  const isClose = ({ kind }) => kind === ")" || kind === "]";
  const areAdjacent = (left, right) => left.end === right.start;
  const isSign = ({ keyword }) => keyword === "-" || keyword === "+";
  // Returns the text of a word or of text in quotes.
  const textOf = ({ kind, value }) => (kind === "word" || kind === "quoted" ? printable(value, 40) : undefined);
  const likeHint = (name, word, value) => (
    PATTERNS.has(word) ? `${name} like ${quoted(PATTERNS.get(word).replace("x", () => value))}` : null);

  // A clause of SQL.
  const clause = ({ next, ahead }) => {
    const [token, following] = [next(), ahead(1)];
    if (/^(order|sort|group)$/.test(token.keyword) && following.keyword === "by") {
      fail(`${token.text} ${following.text} is not part of a filter`, { start: token.start, end: following.end });
    }
    if (token.keyword === "limit") fail(`${token.text} is not part of a filter`, token);
  };

  // A word after a field that is no comparison.
  const comparison = (cursor, left) => {
    clause(cursor);
    const token = cursor.next();
    const name = printable(left.text);
    const value = textOf(cursor.ahead(1)) ?? "x";
    const isPattern = /^(matches|regexp|rlike)$/.test(token.keyword);
    const hint = isPattern ? `${name} ~ ${quoted(value)}` : likeHint(name, token.keyword, value);
    if (hint) fail(`${token.text} is no comparison`, token, hint);
  };

  // A token after a whole condition.
  const trailing = (cursor) => {
    clause(cursor);
    const [before, token, following] = [cursor.previous(), cursor.next(), cursor.ahead(1)];
    if (isClose(token)) fail(`one ${token.text} too many`, token);
    if (token.kind === ",") {
      const isNumber = /^[-+]?\d+$/.test(before.value) && /^\d+$/.test(following.value)
        && before.kind === following.kind && areAdjacent(before, token) && areAdjacent(token, following);
      fail("a comma does not join conditions", token,
        isNumber ? `a number has a point: ${before.value}.${following.value}` : "and");
    }
    const isCalculation = token.kind === "*" || isSign(token);
    if (isCalculation) fail("a filter does not calculate", token, "only best - 0.01 and best * 0.9");
    // One value that was read as two: `- 2`, `5 min` and `'it\'s'`.
    const both = before.value + token.value;
    const areWords = before.kind === "word" && token.kind === "word";
    const isOne = areWords && (isSign(before) || Literals.number(before.value))
      && (Literals.number(both) || Literals.span(both) !== null);
    const isEscaped = before.kind === "quoted" && areAdjacent(before, token) && before.text.at(-2) === "\\";
    const hint = isEscaped ? "a quote within text is doubled: 'it''s'" : null;
    fail("'and' or 'or' is missing", token, isOne ? `without a space: ${printable(both, 40)}` : hint);
  };

  // The call of a method such as `name.startswith('a')`, or of a function such as `max(valid)`.
  const call = ({ next, ahead }, token) => {
    const parts = token.value.split(".");
    const method = parts.pop();
    const range = { start: token.end - method.length, end: next().end };
    const lowered = method.toLowerCase();
    const argument = textOf(ahead(1));
    const name = parts.length ? printable(parts.pop()) : null;
    let message = "functions are not understood";
    let hint = "a condition compares a field with a value, for example valid > 0.9";
    const prefix = FUNCTIONS.find(([pattern]) => pattern.test(lowered))?.[1];
    if (TIMES.test(lowered)) {
      const digits = [1, 3, 5].map((index) => ahead(index).value);
      const numbers = digits.slice(0, [...digits, ""].findIndex((each) => !/^\d+$/.test(each)));
      const time = numbers.map((each) => String(Number(each)).padStart(2, "0")).join("-");
      hint = `a time is ${Literals.time(time) ? time : "2026-11-24, or '2026-11-24 09:30'"}`;
    } else if (name !== null) {
      message = "methods are not understood";
      const isCase = /^(lower|upper|casefold)$/.test(lowered);
      hint = isCase ? `${name} ilike 'x', which ignores the case` : `for example ${name} like 'x%'`;
      hint = likeHint(name, lowered, argument ?? "x") ?? hint;
    } else if (AGGREGATES.test(lowered)) hint = `${argument ?? "valid"} is the value at the best epoch`;
    else if (prefix !== undefined) hint = prefix ? prefix + (argument ?? "lr") : (argument ?? "lr").toLowerCase();
    fail(message, range, hint);
  };

  return { isClose, areAdjacent, isSign, comparison, trailing, call };
})();
