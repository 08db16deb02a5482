// The tokens of a filter, and the form of its errors. Places are indexes of UTF-16, as those of an input field.
const Lexer = (() => {
  // A scalar of a name: a letter or digit of any script, or one of these marks.
  const NAME = "[\\p{L}\\p{M}\\p{N}_\\-./@+]";
  // A time such as 2026-11-24T09:00 or 2026-11-24 09:00, or a name, a keyword or a number, which may have a percent
  // sign.
  const WORD = new RegExp(
    `(?:\\d{4}-\\d\\d-\\d\\d(?: \\d\\d:\\d\\d|${NAME}{3,})(?:${NAME}|:(?=\\d))*%?|[-+.]*\\d${NAME}*%?|${NAME}+)`, "uy");
  const ONLY_NAME = new RegExp(`^${NAME}*$`, "u");
  const NAME_BEFORE = new RegExp(`${NAME}*$`, "u");
  const NAME_AFTER = new RegExp(`^${NAME}*`, "u");
  const SPACE = /[\t\n\r\p{Z}]+/uy;
  const COMPARISON = /[=!<>~≤≥≠]+/y;

  // Returns a map of keys and values that follow each other in a text.
  const pairs = (text, separator = " ") => {
    const words = text.split(separator);
    return new Map(words.flatMap((word, index) => (index % 2 ? [] : [[word, words[index + 1]]])));
  };
  // The marks that close a quote. Chat programs write curly quotes.
  const QUOTES = pairs("' ' \" \" ` ` ‘ ’‘ ’ ’‘ ‚ ’‘ “ ”“ ” ”“ „ ”“");
  const COMPARISONS = pairs("= = == = != != <> != < < <= <= > > >= >= ~ ~ !~ !~ ≤ <= ≥ >= ≠ !=");
  // The comparisons of other languages, and what to write instead.
  const CORRECTIONS = pairs(
    ">>,> or >=,<<,< or <=,=>,>=,=<,<=,===,=,!==,!=,=~,~,~=,~,><,!=,=!,!=,~~,~,!>,<=,!<,>=,<=>,=", ",");

  // Returns a text without control characters, shortened to a number of scalars.
  const printable = (text, limit = 64) => {
    const scalars = Array.from(text);
    const shown = scalars.slice(0, limit).join("").replace(/[\p{Cc}\p{Bidi_C}]/gu, "\ufffd");
    return scalars.length > limit ? `${shown}…` : shown;
  };

  // Throws the error about a range: anything with start and end.
  const fail = (message, { start, end }, hint = null, more = {}) => {
    throw { message: printable(message, 300), start, end, hint: hint && printable(hint, 300), ...more };
  };

  const isName = (text) => ONLY_NAME.test(text);
  const nameBefore = (text) => NAME_BEFORE.exec(text)[0];
  const nameAfter = (text) => NAME_AFTER.exec(text)[0];
  const quoted = (text, mark = "'") => mark + text.replaceAll(mark, mark + mark) + mark;

  const failUnexpected = (text, start) => {
    const scalar = String.fromCodePoint(text.codePointAt(start));
    const range = { start, end: start + scalar.length };
    if (scalar === "&") fail("& is no operator", range, "and");
    if (scalar === "|") fail("| is no operator", range, "or");
    if (scalar === ":") fail(...Dialects.colon(text, range));
    if ("{}".includes(scalar)) fail("this is W&B's form", range, Dialects.mongo(text));
    if (printable(scalar) !== scalar) {
      const code = scalar.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      fail(`a control character, U+${code}, is not allowed`, range, "remove it");
    }
    fail(`${scalar} is not allowed here`, range, "put a name with special characters in backticks, and text in quotes");
  };

  // Returns the tokens, the last of which has the kind "end", and the error at which they end, or null. The kind is
  // "word", "quoted", "comparison", "and", "or", or the mark itself. A word has a keyword: its text in lower case.
  const tokens = (text) => {
    const found = [];
    let index = 0;
    const read = (pattern) => {
      pattern.lastIndex = index;
      return pattern.exec(text)?.[0] ?? "";
    };
    const add = (kind, end, more) => {
      const value = text.slice(index, end);
      found.push({ kind, text: value, value, start: index, end, ...more });
      index = end;
    };

    // Two closing quotes are one in the text.
    const addQuoted = (closing) => {
      let value = "";
      for (let i = index + 1; i < text.length; i += 1) {
        const mark = text[i];
        if (closing.includes(mark)) {
          i += 1;
          if (!closing.includes(text[i])) {
            add("quoted", i, { value, isName: mark === "`", isDouble: "\"”“".includes(mark) });
            return;
          }
        }
        value += mark;
      }
      fail("the quote is not closed", { start: index, end: index + 1 }, "opened here", { isOpenQuote: true });
    };

    const addNext = () => {
      const first = text[index];
      const word = read(WORD);
      const marks = read(COMPARISON);
      const both = text.slice(index, index + 2);
      if (read(SPACE)) index = SPACE.lastIndex;
      else if (word) add("word", index + word.length, { keyword: word.toLowerCase() });
      else if (QUOTES.has(first)) addQuoted(QUOTES.get(first));
      else if ("()[],*".includes(first)) add(first, index + 1);
      else if (/^;[\p{White_Space};]*$/u.test(text.slice(index))) index = text.length;
      else if (both === "&&") add("and", index + 2, { keyword: "and" });
      else if (both === "||") add("or", index + 2, { keyword: "or" });
      else if (COMPARISONS.has(marks)) add("comparison", index + marks.length, { value: COMPARISONS.get(marks) });
      // Each mark is a level of its own.
      else if (/^!+$/.test(marks)) add("!", index + 1);
      else if (marks) {
        const range = { start: index, end: index + marks.length };
        fail(`${marks} is no comparison`, range, CORRECTIONS.get(marks) ?? "one of = != < <= > >= ~ !~");
      } else failUnexpected(text, index);
    };

    let failure = null;
    try {
      while (index < text.length) addNext();
    } catch (error) {
      failure = error;
    }
    index = text.length;
    add("end", index);
    return { tokens: found, failure };
  };

  return { tokens, pairs, fail, printable, isName, nameBefore, nameAfter, quoted };
})();
