// The values of filters: numbers, spans, times and stored texts.
const Literals = (() => {
  const isFinite = Number.isFinite;
  const UNITS = Lexer.pairs("ms .001 s 1 sec 1 second 1 seconds 1 m 60 min 60 minute 60 minutes 60 h 3600 hour 3600 "
    + "hours 3600 d 86400 day 86400 days 86400 w 604800 week 604800 weeks 604800");

  // A number with the digits of a whole number that a double does not hold exactly, else null.
  const numberWith = (value, text) => (
    { value, digits: Math.abs(value) >= 2 ** 53 && /^-?\d+$/.test(text) ? text : null });

  const plain = (text) => {
    const infinite = /^(-?)inf(inity)?$/i.exec(text);
    if (infinite) return numberWith(infinite[1] ? -Infinity : Infinity);
    const [first, ...others] = text.split("_");
    const digits = first + others.join("");
    const isGrouped = first && others.every((part) => part.length >= 3);
    const isNumber = isGrouped && /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(digits);
    return isNumber && isFinite(Number(digits)) ? numberWith(Number(digits), digits) : null;
  };

  // Reads a number of an expression: 0.9, 1e-4, -3, .5, 1_000, 10k, 8GiB, 0.1%, inf. Returns null for another text,
  // also for nan.
  const number = (text) => {
    const unsigned = text.replace(/^\+/, "");
    const [, base, unit] = /^(.*?)((?:k|[KMGT]i?)B?|B|%)$/s.exec(unsigned) ?? [];
    if (!unit) return plain(unsigned);
    const value = plain(base)?.value;
    if (!isFinite(value)) return null;
    // A division rounds once: 0.1% is 0.001.
    if (unit === "%") return numberWith(value / 100);
    if (unit === "B") return numberWith(value * 1e9);
    return numberWith(value * (unit[1] === "i" ? 1024 : 1000) ** " KMGT".indexOf(unit[0].toUpperCase()));
  };

  // Reads a stored number, which may be nan.
  const stored = (text) => {
    const value = Data.numberOf(text);
    return value === value || /^(nan|NaN)$/.test(text) ? numberWith(value, text) : null;
  };

  const HOLDS = {
    "=": (a, b) => a === b,
    "<": (a, b) => a < b,
    "<=": (a, b) => a <= b,
    ">": (a, b) => a > b,
    ">=": (a, b) => a >= b,
  };
  // Returns whether a comparison of two numbers holds. Whole numbers above 2^53 are compared by their digits.
  const fulfils = (left, comparison, right) => {
    const holds = HOLDS[comparison];
    const isClose = left.value === right.value && left.digits && right.digits;
    return isClose ? holds(BigInt(left.digits), BigInt(right.digits)) : holds(left.value, right.value);
  };

  // Reads a span with a unit such as 90m, 1h30m: returns seconds; null for another text.
  const span = (text) => {
    if (!/^([\d.]+[a-z]+)+$/.test(text)) return null;
    let total = 0;
    for (const [, digits, unit] of text.matchAll(/([\d.]+)([a-z]+)/g)) total += digits * UNITS.get(unit);
    return Number.isNaN(total) ? null : total;
  };
  // Reads a span, whose unit may be absent.
  const seconds = (text) => (/\d$/.test(text) ? number(text)?.value ?? null : span(text));

  const TIME = new RegExp("^((?!0000)\\d{4}-(?:0[1-9]|1[0-2])-\\d\\d)(?:[Tt ]((?:[01]\\d|2[0-3]):[0-5]\\d)"
    + "(?::([0-5]\\d|60)(?:\\.(\\d*))?)?)?((?<=:.*)[-+](?:[01]\\d|2[0-3]):?(?:[0-5]\\d)?|[Zz])?$");

  // Reads a time: returns the period that its digits name, in Unix milliseconds: [first, after the last]; null for
  // another text. A local time that occurs twice, at the end of daylight saving, is the first one of both.
  const time = (text) => {
    const value = Number(text);
    if (/^[\d.]{9,}$/.test(text) && value >= 1e8 && value < 1e14) {
      // Seconds until the year 5138, milliseconds after 1973.
      const isSeconds = value < 1e11;
      const start = Math.trunc(isSeconds ? value * 1000 : value);
      return [start, start + (isSeconds && Number.isInteger(value) ? 1000 : 1)];
    }
    const [, date, clock, second = 0, fraction, zone = ""] = TIME.exec(text) ?? [];
    if (!date || new Date(`${date}T00:00Z`).getUTCDate() !== Number(date.slice(8))) return null;
    const offset = zone.toUpperCase().replace(/^(...):?(.*)$/, (_, hours, minutes) => `${hours}:${minutes || "00"}`);
    const at = (days) => {
      const day = new Date(Date.parse(`${date}T00:00Z`) + days * 86400000).toISOString().slice(0, 10);
      return Date.parse(`${day}T${clock ?? "00:00"}:00${offset}`) + second * 1000;
    };
    if (!clock) return [at(0), at(1)];
    const start = at(0) + Number((fraction ?? "").padEnd(3, "0").slice(0, 3));
    return [start, start + (fraction !== undefined ? 1 : second ? 1000 : 60000)];
  };

  // Returns the value of a text as JSON; undefined for another text.
  const json = (text) => {
    try {
      const value = JSON.parse(text);
      // Throws for a value that is too deep for recursive functions, and JSON.parse does not.
      JSON.stringify(value);
      return value;
    } catch {
      return undefined;
    }
  };
  const jsonText = (value) => (typeof value === "number" ? Format.text(value) : JSON.stringify(value));

  const scalar = (text, isWhole = false) => {
    const found = isWhole ? null : stored(text);
    const value = isWhole || text[0] === "{" ? json(text) : undefined;
    return { text, number: found, isWhole, isNaN: found?.value !== found?.value, json: value };
  };
  // Returns the values in a stored text: the elements of an array and then the array as a whole, none for null, and
  // else the value itself.
  const scalars = (text) => {
    const value = /^[["n ]/.test(text) ? json(text) : undefined;
    if (value === null) return [];
    if (!Array.isArray(value)) return [scalar(typeof value === "string" ? value : text)];
    const elements = value.filter((each) => each !== null);
    return [...elements.map((each) => scalar(typeof each === "string" ? each : jsonText(each))), scalar(text, true)];
  };

  // A value that a filter compares a field with.
  const literal = (text) => ({
    text, number: number(text), isBool: /^(true|false)$/i.test(text), json: /^[[{]/.test(text) ? json(text) : undefined,
  });

  const areEqual = (left, right) => {
    if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return left === right;
    const names = Object.keys(left);
    return Array.isArray(left) === Array.isArray(right) && names.length === Object.keys(right).length
      && names.every((name) => Object.hasOwn(right, name) && areEqual(left[name], right[name]));
  };
  const equals = (wanted, value) => {
    if (wanted.json !== undefined && value.json !== undefined) return areEqual(wanted.json, value.json);
    if (value.isWhole) return false;
    if (wanted.number && value.number) return fulfils(value.number, "=", wanted.number);
    return wanted.isBool ? value.text.toLowerCase() === wanted.text.toLowerCase() : value.text === wanted.text;
  };

  return { HOLDS, number, fulfils, span, seconds, time, jsonText, scalar, scalars, literal, equals };
})();
