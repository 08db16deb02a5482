// Conditions on experiments, as `--where` of hypero-query has them.
const Filter = (() => {
  const MAX_SIZE = 4096;
  const COMPARISONS = ["=", "!=", "<", "<=", ">", ">=", "in", "between", "like", "~", "not in", "is"];
  const sizeOf = (text) => new TextEncoder().encode(text).length;

  // Returns a function that tells if a row fulfils a filter; null for an empty one. Throws {message, from, to, hint,
  // start, end}: the range of the error in UTF-8, and in UTF-16. If it is lenient, a name that no experiment has is no
  // error.
  const compile = (text, isLenient = false) => {
    try {
      const size = sizeOf(text);
      if (size > MAX_SIZE) {
        const start = new TextDecoder().decode(new TextEncoder().encode(text).slice(0, MAX_SIZE)).length;
        const range = { start, end: text.length };
        Lexer.fail(`the expression is too long: ${size} bytes`, range, `at most ${MAX_SIZE} bytes`);
      }
      const tree = Parser.parse(text);
      return tree && Binder.bind(tree, isLenient);
    } catch (error) {
      if (error.start === undefined) throw error;
      const { message, start, end, hint } = error;
      throw { message, from: sizeOf(text.slice(0, start)), to: sizeOf(text.slice(0, end)), hint, start, end };
    }
  };

  // Returns the words that may be written at a place of a text: {from, to, names}, in UTF-16.
  const complete = (text, caret) => {
    const { tokens, failure } = Lexer.tokens(text.slice(0, caret));
    const last = tokens[tokens.length - 2];
    const isOpen = failure?.isOpenQuote;
    const isWord = !failure && last?.kind === "word" && last.end === caret;
    let from = isOpen ? failure.start : isWord ? last.start : caret;
    let typed = text.slice(isOpen ? from + 1 : from, caret);
    if (isOpen && last?.kind === "word" && last.end === from && last.text.endsWith(".")) {
      typed = last.text + typed;
      from = last.start;
    }
    const to = caret + (isOpen ? 0 : Lexer.nameAfter(text.slice(caret)).length);
    return { from, to, names: failure && !isOpen ? [] : candidates(placeOf(text.slice(0, from)), typed.toLowerCase()) };
  };
  const placeOf = (text) => {
    try {
      return Parser.parse(text) ? { place: "end" } : { place: "condition" };
    } catch (error) {
      return error;
    }
  };
  const candidates = ({ place, left, depth }, typed) => {
    const names = Names.resolver(true);
    const begins = (words) => words.filter((word) => word.toLowerCase().startsWith(typed) && word !== typed);
    const fields = () => {
      const { text = "", kind, rest } = Names.split(typed.endsWith(".") ? `${typed}x` : typed) ?? {};
      const all = names.all();
      const isPrefixed = (each) => each.kind === kind && each.name.toLowerCase().startsWith(typed.slice(text.length));
      if (text) return all.filter(isPrefixed).map(({ name }) => text + Names.word(name));
      const first = all.filter(({ keys }) => keys.some((key) => key.toLowerCase().startsWith(typed)));
      const others = all.filter((each) => !first.includes(each) && each.name.toLowerCase().includes(typed));
      return [...first, ...others].map((each) => each.text);
    };
    if (place === "condition") return [...fields(), ...begins(["not"])];
    if (place === "and") return begins(["and"]);
    if (place === "end") return begins(["and", "or", ...(depth ? [")"] : [])]);
    if (place === "state") return begins(["null", "nan", "finite", "inf", "true", "false"]);
    if (!left || !names.mayBeField(left)) return place === "value" ? fields() : [];
    const field = names.resolve(left);
    if (place === "comparison") return begins(COMPARISONS);
    if (field.kind === "status") return begins(Binder.STATUSES);
    if (field.channel !== null) return begins(["best"]);
    return [];
  };

  // Returns a name as a filter needs it: in backticks if it is no word.
  return { compile, complete, quoted: Names.word };
})();
