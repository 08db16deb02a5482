// Numbers, times and spans as text, as the commands of hypero-query write them.
const Format = (() => {
  // The length up to which a number is not shortened.
  const SHORT_LENGTH = 8;
  // The number of significant digits that tell any two doubles apart.
  const MAX_DIGITS = 17;

  const pad = (number, length = 2) => String(number).padStart(length, "0");

  // Returns a mantissa and an exponent as C writes them: 1e-05.
  const joined = (mantissa, exponent) => `${mantissa}e${exponent < 0 ? "-" : "+"}${pad(Math.abs(exponent))}`;

  // Returns the shortest text that reads back to the same number, as stored in Redis.
  const text = (value) => {
    if (value !== value) return "nan";
    const size = Math.abs(value);
    if (size === Infinity) return value > 0 ? "inf" : "-inf";
    if (Object.is(value, -0)) return "-0";
    if (size === 0 || (size >= 1e-4 && size <= 2 ** 53)) return String(value);
    const [mantissa, exponent] = value.toExponential().split("e");
    return joined(mantissa, Number(exponent));
  };

  // Returns a number as %g of printf does.
  const general = (value, digits) => {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const trimmed = (number) => (number.includes(".") ? number.replace(/\.?0+$/, "") : number);
    if (exponent < -4 || exponent >= digits) return joined(trimmed(mantissa), Number(exponent));
    return trimmed(value.toFixed(digits - 1 - exponent));
  };

  const isExact = (value) => !Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 1e15);

  // Returns a number with six significant digits, or with all of them if that is shorter. A fraction gets more digits
  // until it is not shown as a whole number: an accuracy of 0.9999999 is not shown as 1.
  const number = (value) => {
    const shortest = text(value);
    if (isExact(value) || shortest.length <= SHORT_LENGTH) return shortest;
    const isWhole = Number.isInteger(value);
    for (let digits = 6; digits < MAX_DIGITS; digits += 1) {
      const rounded = general(value, digits);
      if (rounded.length >= shortest.length) break;
      const hasExponent = rounded.includes("e");
      // An exponent also appears if there are more digits before the point than requested.
      if (hasExponent && !isWhole && Math.abs(value) >= 1 && !shortest.includes("e")) continue;
      if (isWhole || hasExponent || rounded.includes(".")) return rounded;
    }
    return shortest;
  };

  // Returns a number with four significant digits. A whole number keeps all digits up to its point, and a fraction is
  // not shown as a whole number of fewer digits.
  const short = (value) => {
    const shortest = text(value);
    if (isExact(value)) return shortest;
    for (let digits = 4; digits < MAX_DIGITS; digits += 1) {
      const rounded = general(value, digits);
      const size = Math.abs(value);
      if (rounded.includes("e") && size >= 1 && size < 1e15) return text(Math.round(value));
      if (rounded.length >= shortest.length) break;
      if (/[.e]/.test(rounded) || rounded.replace("-", "").length >= digits) return rounded;
    }
    return shortest;
  };

  // Returns a time as local date and time: 2026-11-25 22:43.
  const time = (ms) => {
    const date = new Date(ms);
    if (Number.isNaN(date.getTime())) return `${text(ms)} ms`;
    const day = [pad(date.getFullYear(), 4), pad(date.getMonth() + 1), pad(date.getDate())].join("-");
    return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
  };

  // Returns whole seconds and their largest unit: [seconds in a unit, unit, seconds in the next smaller one, its unit].
  const UNITS = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]];
  const unitOf = (seconds) => UNITS.find(([size]) => seconds >= size);

  // Returns a span in its two largest units: 850 ms, 12 s, 3 min 20 s, 5 h 4 min, 2 d 3 h.
  const span = (ms) => {
    const seconds = Math.trunc(ms / 1000);
    if (seconds < 1) return `${Math.max(Math.trunc(ms), 0)} ms`;
    const unit = unitOf(seconds);
    if (!unit) return `${seconds} s`;
    const [size, name, smallerSize, smaller] = unit;
    return `${Math.trunc(seconds / size)} ${name} ${Math.trunc((seconds % size) / smallerSize)} ${smaller}`;
  };

  // Returns the age of a time in its largest unit: 3 min ago. A time in the future is now, because the clocks of hosts
  // differ.
  const ago = (ms, now) => {
    const seconds = Math.trunc((now - ms) / 1000);
    if (seconds < 1) return "now";
    const [size, name] = unitOf(seconds) ?? [1, "s"];
    return `${Math.trunc(seconds / size)} ${name} ago`;
  };

  // Returns a count with its noun: 1 entry, 2 entries.
  const counted = (count, noun, plural = `${noun}s`) => `${count} ${count === 1 ? noun : plural}`;

  return { text, number, short, time, span, ago, counted };
})();
