// The conditions of filters.
const Conditions = (() => {
  // The results of a condition for the values of a row. A value is missing if it is nan, or a word where a number is
  // compared.
  const [MISSING, FAILS, HOLDS] = [0, 1, 2];

  // Returns a field that others determine, as a column.
  const computed = (number) => {
    const numbers = Float64Array.from({ length: Data.rows }, (_, row) => number(row));
    const text = (row) => (numbers[row] === numbers[row] ? Format.text(numbers[row]) : null);
    return { numbers, isNumeric: true, text };
  };
  const since = (from, to) => computed((row) => (to(row) - Data.number(from, row)) / 1000);
  const COMPUTED = {
    duration: () => since("started", (row) => Data.number("updated", row)),
    age: () => since("started", () => Data.now),
    idle: () => since("updated", () => Data.now),
  };

  // Returns the best finite value of a channel; nan if it has none.
  const bestOf = (channel) => {
    const { battery } = Data;
    const direction = battery.directions?.[channel] ?? (channel === battery.objective ? battery.direction : "max");
    const values = Data.column(`max.${channel}`)?.numbers.filter(Number.isFinite) ?? [];
    const isBetter = (value, best) => best !== best || (direction === "min" ? value < best : value > best);
    return values.reduce((best, value) => (isBetter(value, best) ? value : best), NaN);
  };

  // A condition has a test of a value, which returns null if the value counts as missing, and one of a number, `holds`,
  // if a number is all that it needs.
  const onNumber = (holds, test) => ({ holds, test: (value) => (value.number ? test(value.number) : null) });
  const ordered = (comparison, limit) => {
    const compare = Literals.HOLDS[comparison];
    const holds = limit.digits ? null : (value) => compare(value, limit.value);
    return onNumber(holds, (value) => Literals.fulfils(value, comparison, limit));
  };
  const onValue = (holds) => onNumber(holds, ({ value }) => holds(value));
  const between = (low, high) => {
    const [first, second] = [ordered(">=", low), ordered("<=", high)];
    const holds = first.holds && second.holds && ((value) => first.holds(value) && second.holds(value));
    return { holds, test: (value) => first.test(value) && second.test(value) };
  };
  const inPeriods = (periods) => onValue((value) => periods.some(([start, end]) => value >= start && value < end));
  const onText = (test) => ({ comparesWholes: true, test: ({ text }) => test(text) });
  const oneOf = (literals) => {
    const numbers = literals.map(({ number }) => number).filter(Boolean);
    const isExact = numbers.some(({ digits }) => digits);
    return {
      comparesWholes: true,
      holds: isExact ? null : (value) => numbers.some((number) => number.value === value),
      test: (value) => literals.some((literal) => Literals.equals(literal, value)),
    };
  };
  // A complete id ends with a number: k3v9-1 is no beginning of k3v9-17.
  const isId = (id, wanted) => (/-.*[^-]$/s.test(wanted) ? id === wanted : wanted !== "" && id.startsWith(wanted));
  const ids = (wanted) => onText((id) => wanted.some((each) => isId(id, each)));
  // The limit loses the digits that come from the rounding of its operands: 0.8 - 0.1 is 0.7000000000000001.
  const toBest = (comparison, { number, factor }, channel) => {
    const best = bestOf(channel);
    const limit = number + best * factor;
    const rounded = number === 0 && factor === 1 ? limit : Number(limit.toPrecision(15));
    const compare = Literals.HOLDS[comparison];
    const isClose = (value) => Math.abs(value - limit) <= Math.abs(limit) * 1e-12;
    const holds = (value) => compare(value, isClose(value) ? rounded : limit);
    return best === best ? onValue(holds) : { test: () => null };
  };
  const STATES = {
    nan: (value) => value.isNaN,
    finite: ({ number }) => Number.isFinite(number?.value),
    inf: ({ number }) => Math.abs(number?.value) === Infinity,
    true: ({ text }) => text.toLowerCase() === "true",
    false: ({ text }) => text.toLowerCase() === "false",
  };

  // Returns a function of a row. Without a value, a condition fails, and its negation as well.
  const tested = ({ column, isAttribute, name, kind }, { holds, test, comparesWholes, state }, isNegated) => {
    const wanted = isNegated ? FAILS : HOLDS;
    // The texts of these are no JSON.
    const isPlain = isAttribute && (name === "id" || name === "battery" || kind === "status");
    const verdict = (all) => {
      const values = comparesWholes ? all : all.filter(({ isWhole }) => !isWhole);
      if (state === "null") return values.length ? FAILS : HOLDS;
      let result = MISSING;
      for (const value of values) {
        const found = value.isNaN && !state ? null : test(value);
        if (found) return HOLDS;
        if (found === false && !value.isWhole) result = FAILS;
      }
      return result;
    };
    const absent = verdict([]) === wanted;
    if (!column) return () => absent;
    const results = new Map();
    const ofText = (text) => {
      const known = results.get(text);
      if (known !== undefined) return known;
      const result = verdict(isPlain ? [Literals.scalar(text)] : Literals.scalars(text)) === wanted;
      results.set(text, result);
      return result;
    };
    // Without a finite value of the objective, an experiment has no best epoch, as one that has logged nothing.
    const diverged = state && column === Data.objective && verdict([Literals.scalar("nan")]) === wanted;
    const isDiverged = (row) =>
      Data.number("epochs", row) >= 0 && Data.text("epoch", row) === null && Data.number("nonfinite", row) > 0;
    const { numbers, isNumeric } = column;
    const ofRow = (row) => {
      const text = column.text(row);
      if (text !== null) return ofText(text);
      return state && column === Data.objective && isDiverged(row) ? diverged : absent;
    };
    if (!holds) return ofRow;
    return (row) => {
      const value = numbers[row];
      if (value === value) return holds(value) !== isNegated;
      return isNumeric ? false : ofRow(row);
    };
  };

  return { COMPUTED, STATES, ordered, between, inPeriods, onText, oneOf, ids, toBest, tested };
})();
