// The parser of filters, by recursive descent:
//   or = and { ("or" | "||") and }; and = not { ("and" | "&&") not }; not = ("not" | "!") not | "(" or ")" | condition
const Parser = (() => {
  const { fail, isName, printable, quoted } = Lexer;
  const { areAdjacent, isClose, isSign } = Mistakes;
  const MAX_DEPTH = 64;
  const EXAMPLE = "for example valid > 0.9";
  const WORDS = ["in", "between", "like", "ilike", "is"];
  const KEYWORDS = ["and", "or", "not", ...WORDS];
  const STATES = Lexer.pairs("null null none null missing null nan nan finite finite inf inf infinite inf "
    + "true true false false");
  const isOpen = ({ kind }) => kind === "(" || kind === "[";
  const closing = ({ kind }) => (kind === "(" ? ")" : "]");
  const isComparison = ({ kind, keyword }) => kind === "comparison" || WORDS.includes(keyword);

  // Returns a tree of {op, …}; null for a filter that all experiments fulfil. An error at the end has what a completion
  // needs: the kind of place, the left side of the latest condition, and the number of open brackets.
  const parse = (text) => {
    const { tokens, failure } = Lexer.tokens(text);
    let position = 0;
    let depth = 0;
    let left = null;
    const next = () => tokens[position];
    const isAtEnd = () => next().kind === "end";
    const previous = () => tokens[position - 1];
    const ahead = (count) => tokens[Math.min(position + count, tokens.length - 1)];
    const cursor = { next, previous, ahead };
    // Takes a token by its kind, or a word by its keyword.
    const take = (wanted) => {
      const isNext = next().kind === wanted || next().keyword === wanted;
      if (isNext) position += 1;
      return isNext;
    };
    const failAt = (place, message, range, hint) => fail(message, range, hint, isAtEnd() ? { place, left, depth } : {});

    const nested = (token, parsePart) => {
      const hint = `at most ${MAX_DEPTH} levels of brackets and not`;
      if (depth >= MAX_DEPTH) fail("the expression is too deep", token, hint);
      depth += 1;
      const result = parsePart();
      depth -= 1;
      return result;
    };
    const joined = (op, part) => () => {
      const parts = [part()];
      while (take(op)) parts.push(part());
      return parts.length === 1 ? parts[0] : { op, parts };
    };

    const negation = () => {
      const token = next();
      if (token.kind === "!" || (token.keyword === "not" && !isComparison(ahead(1)))) {
        position += 1;
        return { op: "not", part: nested(token, negation) };
      }
      if (!isOpen(token)) return condition();
      position += 1;
      if (isClose(next())) fail("a condition is missing between the brackets", next());
      const result = nested(token, disjunction);
      if (take(closing(token))) return result;
      if (isClose(next())) fail(`${next().text} does not close ${token.text}`, next());
      if (!isAtEnd()) Mistakes.trailing(cursor);
      return fail("the bracket is not closed", token, "opened here", { place: "end", depth: depth + 1 });
    };
    const disjunction = joined("or", joined("and", negation));

    const condition = () => {
      left = null;
      left = operand(true);
      if (next().kind === "comparison") return comparisons(left);
      const isNegated = next().kind === "word" && take("not");
      const word = next();
      if (!WORDS.includes(word.keyword) || (isNegated && word.keyword === "is")) return failMissingComparison();
      position += 1;
      const common = { op: word.keyword, operand: left, isNegated };
      if (word.keyword === "in") return { ...common, values: list() };
      if (word.keyword === "is") return { ...common, isNegated: take("not"), state: state() };
      if (word.keyword !== "between") return { ...common, op: "like", word, value: operand(false) };
      const low = operand(false);
      if (!take("and")) failAt("and", "and is missing after between", next(), "for example valid between 0.9 and 1");
      return { ...common, low, high: operand(false) };
    };

    // Parses `a < b < c` as `a < b and b < c`.
    const comparisons = (first) => {
      const parts = [];
      for (let side = first; next().kind === "comparison";) {
        const mark = next();
        position += 1;
        const right = operand(false);
        parts.push({ op: "comparison", left: side, mark, right });
        side = right;
      }
      return parts.length === 1 ? parts[0] : { op: "and", parts };
    };

    const list = () => {
      const opening = next();
      if (isAtEnd()) failMissingValue();
      if (!isOpen(opening)) {
        // 'sweep' in run.name of Python.
        const isTurned = left.kind === "text" && opening.kind === "word";
        const hint = isTurned ? `${opening.value} like ${quoted(`%${left.value}%`)}` : "for example in (1, 2)";
        fail("a list in brackets is missing", opening, hint);
      }
      position += 1;
      if (isClose(next())) fail("the list is empty", { start: opening.start, end: next().end });
      return elements(opening, "for example in (1, 2)", () => operand(false));
    };
    // Parses what a bracket encloses, after it.
    const elements = (opening, hint, parsePart) => {
      const values = [];
      do values.push(parsePart()); while (take(","));
      if (take(closing(opening))) return values;
      if (!isAtEnd()) fail("a comma is missing in the list", next(), hint);
      return fail("the bracket is not closed", opening, "opened here");
    };

    const state = () => {
      const found = STATES.get(next().keyword);
      const hint = "null, nan, finite, or one of them after not";
      if (isAtEnd()) failAt("state", `a word is missing after ${previous().text}`, next(), hint);
      if (!found) fail(`${printable(next().text)} is not possible after is`, next(), hint);
      position += 1;
      return found;
    };

    // Parses one side of a comparison: a word, quoted text, or a prefix directly before a quoted name.
    const operand = (isFirst) => {
      const token = next();
      const { kind, value, start, end, isDouble } = token;
      if (kind === "[" && !isFirst) {
        const value = array();
        return { kind: "text", value, text: value, start, end: previous().end };
      }
      if (isOpen(token) && !isFirst) fail("a value is missing before the bracket", token, "a list is [1, 2]");
      if (isClose(token) && isFirst && depth === 0) fail(`one ${token.text} too many`, token);
      if (kind !== "quoted" && (kind !== "word" || KEYWORDS.includes(token.keyword))) {
        if (!isFirst) failMissingValue();
        failMissingCondition(token);
      }
      position += 1;
      const result = { kind: "word", value, text: token.text, start, end };
      if (kind === "quoted") return { ...result, kind: token.isName ? "name" : "text", isDouble };
      const name = next();
      if (areAdjacent(token, name)) {
        if (name.kind === "[" && !Literals.number(value)) return indexed(token);
        if (name.kind === "(") Mistakes.call(cursor, token);
        if (name.kind === "quoted" && value.endsWith(".")) {
          position += 1;
          return { kind: "name", value: value + name.value, text: token.text + name.text, start, end: name.end };
        }
      }
      return isFirst ? result : best(result);
    };

    // Parses a list such as `[64, 128]` to text: its JSON.
    const array = () => {
      const opening = next();
      position += 1;
      if (take("]")) return "[]";
      return `[${elements(opening, "for example [1, 2]", () => element(opening)).join(",")}]`;
    };
    const element = (opening) => {
      const token = next();
      if (isAtEnd()) fail("the bracket is not closed", opening, "opened here");
      if (token.kind === "[") return nested(token, array);
      if ((token.kind !== "word" && token.kind !== "quoted") || token.isName) failMissingValue();
      position += 1;
      // Also as Python writes it.
      if (/^(true|false|null|none)$/.test(token.keyword)) return STATES.get(token.keyword);
      const number = token.kind === "word" ? Literals.number(token.value) : null;
      if (!Number.isFinite(number?.value)) return JSON.stringify(token.value);
      return Number.isNaN(Data.numberOf(token.value)) ? Format.text(number.value) : token.value;
    };

    // Parses a name that Aim writes with brackets, `run.hparams['lr']` or `run["hparams", "lr"]`.
    const indexed = (token) => {
      const [first, names] = [position - 1, [token.value]];
      while (next().kind === "[" && areAdjacent(previous(), next())) {
        const opening = next();
        position += 1;
        do {
          if (next().kind !== "quoted" || next().isName) {
            const name = printable(token.value);
            const hint = `${name} = 64 is true for any element, ${name} = [64, 128] for the list`;
            fail("an element has no index here", { start: opening.start, end: next().end }, hint);
          }
          names.push(next().value);
          position += 1;
        } while (take(","));
        if (!take("]")) fail("the bracket is not closed", opening, "opened here");
      }
      const value = names.join(".");
      const written = tokens.slice(first, position).map((each) => each.text).join("");
      return { kind: isName(value) ? "word" : "name", value, text: written, start: token.start, end: previous().end };
    };

    // Parses `best`, `best - 0.01` and `best * 0.9`.
    const best = (word) => {
      const result = (number, factor) => ({ ...word, kind: "best", number, factor, text: "best", end: previous().end });
      const [, rest] = /^best(|[-+].*)$/i.exec(word.value) ?? [];
      // Without spaces, the number is a part of the word.
      if (rest) return Literals.number(rest) ? result(Literals.number(rest).value, 1) : word;
      if (rest === undefined) return word;
      const sign = next();
      if (sign.kind !== "*" && !isSign(sign)) {
        const number = sign.kind === "word" && /^[-+]/.test(sign.value) ? Literals.number(sign.value) : null;
        if (number) position += 1;
        return result(number?.value ?? 0, 1);
      }
      position += 1;
      const number = next().kind === "word" ? Literals.number(next().value) : null;
      if (!number) fail(`a number is missing after best ${sign.text}`, next(), "for example best - 0.01");
      position += 1;
      if (sign.kind === "*") return result(0, number.value);
      return result(sign.keyword === "-" ? -number.value : number.value, 1);
    };

    const failMissingValue = () => {
      // A value that is a keyword, as in `model = or`.
      const { kind, keyword } = ahead(1);
      const endsValue = /^(and|or)$/.test(keyword) || ["end", ",", ")", "]"].includes(kind);
      const isText = next().kind === "word" && endsValue;
      const hint = isText ? `if it is text, put it in quotes: '${next().text}'` : EXAMPLE;
      failAt("value", `a value is missing after ${previous()?.text ?? ""}`, next(), hint);
    };
    const failMissingCondition = (token) => {
      const before = previous();
      if (isClose(token) && !before) fail(`one ${token.text} too many`, token);
      if (!before && !isAtEnd()) fail(`a condition is missing before ${token.text}`, token, EXAMPLE);
      const isIgnored = isAtEnd() && before?.kind === "word" && before.keyword === "and";
      const hint = isIgnored ? "MLflow ignores this; here it is an error" : EXAMPLE;
      failAt("condition", `a condition is missing after ${before?.text}`, token, hint);
    };
    const failMissingComparison = () => {
      Mistakes.comparison(cursor, left);
      failAt("comparison", "a comparison is missing", next(), "one of = != < <= > >= in between like ~ is");
    };

    const whole = () => {
      // A clause copied from SQL.
      if (next().keyword === "where" && tokens.length > 2 && !isComparison(tokens[1])) position += 1;
      if (isAtEnd()) return null;
      const result = disjunction();
      if (!isAtEnd()) Mistakes.trailing(cursor);
      return result;
    };
    try {
      const result = whole();
      if (failure) throw failure;
      return result;
    } catch (error) {
      // The text that could not be read is the cause of what is missing before it.
      throw failure && isAtEnd() ? failure : error;
    }
  };

  return { parse };
})();
