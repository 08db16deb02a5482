// Regular expressions, POSIX extended without back-references. A text is matched by a simulation of the nondeterministic
// automaton: the time is bounded by the product of the sizes of text and automaton
// (Thompson 1968, "Regular expression search algorithm"). RegExp of JavaScript goes back, and may need exponential
// time: here it sees one character only.
const Pattern = (() => {
  const MAX_SIZE = 256;
  const MAX_STATES = 2000;
  const MAX_DEPTH = 32;
  const MAX_COUNT = 1000;
  // The number of bytes of a value that are matched.
  const MAX_TEXT = 4096;
  // The number of sets of states that are kept.
  const MAX_KNOWN = 500;
  // The number of states that a filter may visit, about a second: the page would stand still meanwhile.
  const MAX_STEPS = 16_000_000;
  // The numbers of patterns and of their results that are kept, because a live page applies its filter after each change.
  const MAX_PATTERNS = 16;
  const MAX_RESULTS = 50_000;

  const CLASSES = Lexer.pairs("alnum,\\p{Alphabetic}\\p{N},alpha,\\p{Alphabetic},blank, \\t,cntrl,\\p{Cc},digit,\\d,"
    + "graph,\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Cn}\\p{Co}\\p{Cs},lower,\\p{Lowercase},print,\\P{Cc},"
    + "punct,!-\\/:-@\\[-`{-~,space,\\p{White_Space},upper,\\p{Uppercase},xdigit,\\da-fA-F,"
    + "word,\\p{Alphabetic}\\p{N}_", ",");
  const ESCAPES = Lexer.pairs("w word s space d digit");
  const COUNTS = { "*": [0, Infinity], "+": [1, Infinity], "?": [0, 1] };

  // A part appends its instructions to a program: [test of a character], [null, states to go on at], ["start"],
  // ["end"], ["match"].
  const one = (...instruction) => (add) => add(instruction);
  const any = one(() => true);
  const exactly = (wanted) => one((scalar) => scalar === wanted);
  const member = (source, isNegated) => {
    const pattern = new RegExp(`[${isNegated ? "^" : ""}${source}]`, "u");
    return one((scalar) => pattern.test(scalar));
  };
  const sequence = (parts) => (add, program) => parts.forEach((part) => part(add, program));
  const choice = (first, second) => (add, program) => {
    const split = add([null, program.length + 1]);
    first(add, program);
    const jump = add([null]);
    split.push(program.length);
    second(add, program);
    jump.push(program.length);
  };
  const repeated = (part, least, most) => (add, program) => {
    for (let i = 0; i < least; i += 1) part(add, program);
    const start = program.length;
    const splits = [];
    for (let i = most === Infinity ? 1 : most - least; i > 0; i -= 1) {
      splits.push(add([null, program.length + 1]));
      part(add, program);
    }
    // A state at least, so that the number of states also bounds the repetitions of nothing.
    if (most === Infinity || most === 0) add([null, most ? start : start + 1]);
    for (const split of splits) split.push(program.length);
  };

  // Returns a function that tells if the automaton accepts a part of a text. The sets of states that it reaches are
  // kept, up to a number of them, as the states of a deterministic automaton. The function throws {message, hint} after `renew` has
  // been called and more states were visited than a page has time for.
  const matcher = (root) => {
    const program = [];
    let steps = 0;
    sequence([root, one("match")])((instruction) => {
      if (program.length >= MAX_STATES) throw { message: `its repetitions need more than ${MAX_STATES} states` };
      program.push(instruction);
      return instruction;
    }, program);

    // Returns the states that follow some states without text.
    const reach = (seeds, isStart, isEnd) => {
      const states = new Set();
      const stack = [...seeds];
      let isAccepted = false;
      while (stack.length) {
        const state = stack.pop();
        if (states.has(state)) continue;
        states.add(state);
        steps += 1;
        const [kind, ...targets] = program[state];
        if (kind === "match") isAccepted = true;
        else if (kind === null) stack.push(...targets);
        else if (kind === "start" ? isStart : kind === "end" && isEnd) stack.push(state + 1);
      }
      return { seeds, isAccepted, next: new Map(), states: [...states].filter((state) => program[state][0]?.call) };
    };
    const first = reach([0], true, false);
    const known = new Map();
    const follow = (set, scalar) => {
      if (known.size > MAX_KNOWN) {
        known.clear();
        first.next.clear();
      }
      if (steps > MAX_STEPS) {
        throw { message: "the pattern takes too long here: its repetitions and the texts are long",
          hint: "write a shorter one, or filter with hypero-query" };
      }
      steps += set.states.length;
      // An attempt begins at each place.
      const seeds = [...set.states.filter((state) => program[state][0](scalar)).map((state) => state + 1), 0];
      const found = known.get(seeds.join()) ?? reach(seeds, false, false);
      known.set(seeds.join(), found);
      set.next.set(scalar, found);
      return found;
    };

    const isMatch = (text) => {
      let set = first;
      let size = 0;
      for (const scalar of text) {
        if (set.isAccepted) return true;
        if (size >= MAX_TEXT) return false;
        const code = scalar.codePointAt(0);
        size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        set = set.next.get(scalar) ?? follow(set, scalar);
      }
      set.isAcceptedAtEnd ??= set.isAccepted || reach(set.seeds, set === first, true).isAccepted;
      return set.isAcceptedAtEnd;
    };
    const results = new Map();
    const matches = (text) => {
      if (results.size >= MAX_RESULTS) results.clear();
      if (!results.has(text)) results.set(text, isMatch(text));
      return results.get(text);
    };
    return Object.assign(matches, { renew: () => { steps = 0; } });
  };

  const parse = (text) => {
    let position = 0;
    let depth = 0;
    const fail = (message, place) => {
      throw { message, place };
    };
    const read = (pattern) => {
      pattern.lastIndex = position;
      const match = pattern.exec(text) ?? [];
      position += (match[0] ?? "").length;
      return match;
    };
    const take = (mark) => {
      const isNext = text[position] === mark;
      position += isNext ? 1 : 0;
      return isNext;
    };

    const alternatives = () => {
      const parts = [];
      while (position < text.length && !"|)".includes(text[position])) parts.push(repetitions(atom()));
      const first = parts.length ? sequence(parts) : repeated(any, 0, 0);
      return take("|") ? choice(first, alternatives()) : first;
    };

    const atom = () => {
      const start = position;
      const [scalar] = read(/./suy);
      if (scalar === ".") return any;
      if (scalar === "^" || scalar === "$") return one(scalar === "^" ? "start" : "end");
      if (scalar === "[") return set(start);
      if (scalar === "\\") return escaped(start);
      if ("*+?".includes(scalar)) fail(`${scalar} repeats nothing. % and _ belong to like`, start);
      if (scalar === "{") fail("{ repeats nothing. Write \\{ for the character", start);
      if (scalar !== "(") return exactly(scalar);
      depth += 1;
      if (depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels of brackets`, start);
      const node = alternatives();
      if (!take(")")) fail("( is not closed", start);
      depth -= 1;
      return node;
    };

    const escaped = (start) => {
      const [scalar = fail("\\ is at the end", start)] = read(/./suy);
      if (/[1-9]/.test(scalar)) fail("back-references are not supported", start);
      if (!/[a-z]/i.test(scalar)) return exactly(scalar);
      const name = ESCAPES.get(scalar.toLowerCase()) ?? fail(`\\${scalar} is not supported`, start);
      return member(CLASSES.get(name), /[A-Z]/.test(scalar));
    };

    const set = (start) => {
      const isNegated = take("^");
      const first = position;
      const code = (scalar) => `\\u{${scalar.codePointAt(0).toString(16)}}`;
      let source = "";
      // A closing bracket at the beginning is a member, and a hyphen at the end.
      while (position === first || !take("]")) {
        const place = position;
        const [all, kind, name, low, high = low] = read(/\[([:.=])(?:([^:]*):\])?|(.)(?:-([^\]]))?/suy);
        if (!all) fail("[ is not closed", start);
        if (kind && kind !== ":") fail("[. and [= are not supported", place);
        if (kind && name === undefined) fail("[: is not closed", place);
        if (kind) source += CLASSES.get(name) ?? fail("the class of characters is not known", place);
        else if (low.codePointAt(0) > high.codePointAt(0)) fail(`the range ${all} descends`, place + low.length);
        else source += `${code(low)}-${code(high)}`;
      }
      return member(source, isNegated);
    };

    const repetitions = (part) => {
      let node = part;
      for (let level = 0; ; level += 1) {
        const start = position;
        const [mark, least, comma, most, end] = read(/[*+?]|\{(\d*)(,?)(\d*)(\}?)/y);
        if (!mark) return node;
        // x**** is x*: each nested repetition costs two states and a level of recursion.
        if (level >= MAX_DEPTH) fail("too many repetitions of one part", start);
        if (mark[0] === "{") {
          const tooMany = [least, most].findIndex((digits) => Number(digits) > MAX_COUNT);
          const place = start + 1 + tooMany * (least.length + 1);
          if (tooMany >= 0) fail(`a repetition must be a number up to ${MAX_COUNT}`, place);
          if (!end && position === text.length) fail("{ is not closed", start);
          if (!end || least + most === "") fail("{ needs counts, such as {2,3}", start);
          if (most && Number(most) < Number(least)) fail("the counts must ascend", start);
          node = repeated(node, Number(least), most ? Number(most) : comma ? Infinity : Number(least));
        } else node = repeated(node, ...COUNTS[mark]);
      }
    };

    const root = alternatives();
    if (position < text.length) fail("one ) too many", position);
    return root;
  };

  // Returns a function that tells if a pattern matches a part of a text, of its first 4 KiB. Throws {message, place}:
  // the index of the error, which is absent for an error of the whole.
  const compile = (pattern) => {
    const size = new TextEncoder().encode(pattern).length;
    if (size > MAX_SIZE) throw { message: `it has ${size} bytes, and at most ${MAX_SIZE} are allowed` };
    const matches = compiled.get(pattern) ?? matcher(parse(pattern));
    matches.renew();
    compiled.delete(pattern);
    compiled.set(pattern, matches);
    if (compiled.size > MAX_PATTERNS) compiled.delete(compiled.keys().next().value);
    return matches;
  };
  // The latest patterns, in the order of their use.
  const compiled = new Map();

  return { compile };
})();
