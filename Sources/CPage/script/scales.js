// The scales of axes: ticks and the places of values.
const Scale = (() => {
  const { abs, ceil, floor, log10, max, min } = Math;
  const { MAX_VALUE, MIN_VALUE, isFinite } = Number;
  // The numbers Q of the paper, the best first, each as digits and a power of 10.
  const STEPS = [[1, 0], [5, 0], [2, 0], [25, -1], [4, 0], [3, 0]];
  const MAX_SKIP = 16;
  // The part of a bound within which it counts as a tick.
  const TOLERANCE = 1e-9;
  // The part of a value below which a difference cannot have ticks, and the range below which a step may not be a
  // normal double.
  const LEAST_PART = 1e-12;
  const LEAST_RANGE = 1e-290;

  const power = (exponent) => Number(`1e${exponent}`);

  // A tick is digits * 10^exponent. Its value is the double nearest to its text, not a product of doubles.
  const tick = (digits, exponent) => {
    for (; digits && digits % 10 === 0; exponent += 1) digits /= 10;
    return { digits, exponent: digits && exponent, value: Number(`${digits}e${exponent}`) };
  };

  // Returns a range that is wide enough for ticks: equal values are in the middle of it.
  const widened = (low, high) => {
    const size = max(abs(low), abs(high));
    if (high - low > max(size * LEAST_PART, LEAST_RANGE)) return [low, high];
    const margin = size > LEAST_RANGE / LEAST_PART ? size * 0.05 : 0.5;
    return [max(low - margin, -MAX_VALUE), min(high + margin, MAX_VALUE)];
  };

  // Searches the best ticks: Talbot, Lin, Hanrahan, "An Extension of Wilkinson's Algorithm for Positioning Tick Labels
  // on Axes", IEEE Transactions on Visualization and Computer Graphics 16 (6), 2010, with the weights of the paper and
  // a legibility of 1. Each loop ends when no further candidate of it can be better.
  const search = (low, high, wanted, isLoose, isInteger) => {
    const range = high - low;
    let best = null;
    let bestScore = -2;
    const score = (simplicity, coverage, density) => 0.25 * simplicity + 0.2 * coverage + 0.5 * density + 0.05;

    const examine = (candidate, step, simplicity) => {
      const { skip, count } = candidate;
      const last = ceil(low / step) * skip;
      for (let start = (floor(high / step) - count + 1) * skip; start <= last; start += 1) {
        const first = start * (step / skip);
        const span = step * (count - 1);
        const end = first + span;
        const tolerance = step * TOLERANCE;
        if (isLoose && (first > low + tolerance || end < high - tolerance)) continue;
        const hasZero = start % skip === 0 && first <= tolerance && end >= -tolerance;
        const [above, below] = [(high - end) / (0.1 * range), (low - first) / (0.1 * range)];
        const density = (count - 1) / (end - first) / ((wanted - 1) / (max(end, high) - min(first, low)));
        const coverage = 1 - 0.5 * (above * above + below * below);
        const found = score(simplicity + (hasZero ? 1 : 0), coverage, 2 - max(density, 1 / density));
        // Not for nan, after an infinite tick.
        if (!(found > bestScore)) continue;
        bestScore = found;
        best = { ...candidate, start };
      }
    };

    for (let skip = 1; skip <= MAX_SKIP; skip += 1) {
      for (const [index, [digits, shift]] of STEPS.entries()) {
        const simplicity = 1 - index / (STEPS.length - 1) - skip;
        const limit = (coverage, density) => score(simplicity + 1, coverage, density);
        if (limit(1, 1) < bestScore) return best;
        for (let count = 2; ; count += 1) {
          const density = count < wanted ? 1 : 2 - (count - 1) / (wanted - 1);
          if (limit(1, density) < bestScore) break;
          const unit = skip * digits * power(shift);
          for (let exponent = ceil(log10(range / (count + 1) / unit)); ; exponent += 1) {
            const step = unit * power(exponent);
            const excess = max((step * (count - 1)) / range - 1, 0);
            if (limit(1 - 25 * excess * excess, density) < bestScore) break;
            if (isInteger && exponent + shift < 0) continue;
            examine({ skip, digits, exponent: exponent + shift, count }, step, simplicity);
          }
        }
      }
    }
    return best;
  };

  const linearNumbers = (low, high, count, isLoose, isInteger) => {
    if (isInteger && floor(high) === ceil(low) && Number.isSafeInteger(ceil(low))) return [tick(ceil(low) + 0, 0)];
    if (isInteger && high - low < 1) return Number.isSafeInteger(Math.round(low)) ? [tick(Math.round(low), 0)] : [];
    // The range of two finite doubles may be infinite.
    if (!isFinite(high - low)) {
      const tenths = linearNumbers(low / 10, high / 10, count, isLoose);
      return tenths.map(({ digits, exponent }) => tick(digits, exponent + 1)).filter(({ value }) => isFinite(value));
    }
    const [least, greatest] = widened(low, high);
    // A range of whole numbers has only so many ticks, and without a limit no candidate would be dense enough.
    const wanted = max(min(count, isInteger ? greatest - least + 1 : count), 2);
    const best = search(least, greatest, wanted, isLoose, isInteger);
    const { start, skip, digits, exponent, count: length = 0 } = best ?? {};
    const ticks = Array.from({ length }, (_, i) => tick((start + i * skip) * digits, exponent));
    return ticks.filter(({ value }) => isFinite(value));
  };

  // Returns 1, 2 and 5 times powers of 10, from one power to another.
  const dense = (first, last) => Array.from({ length: (last - first + 1) * 3 }, (_, i) =>
    tick([1, 2, 5][i % 3], first + floor(i / 3)));
  // Returns the greatest of these numbers that is not above a value, and the least one that is not below it.
  const around = (value) => {
    const exponent = floor(log10(value));
    return dense(exponent - 1, exponent + 1).filter((each) => each.value > 0 && isFinite(each.value));
  };
  const lower = (value) => around(value).filter((each) => each.value <= value * (1 + TOLERANCE)).pop();
  const upper = (value) => around(value).find((each) => each.value >= value * (1 - TOLERANCE)) ?? around(value).pop();

  // Returns powers of 10, below two decades 1, 2 and 5 times powers of 10, and below half a decade the ticks of a
  // linear axis.
  const logNumbers = (low, high, count, isLoose) => {
    const decades = log10(high) - log10(low);
    if (!(decades >= 0.5)) {
      const ticks = linearNumbers(low, high, count, isLoose).filter(({ digits }) => digits > 0);
      // A linear axis would begin at 0.
      return isLoose && ticks[0]?.value > low ? [lower(low), ...ticks] : ticks;
    }
    const bounds = isLoose ? [lower(low), upper(high)] : [];
    const [least, greatest] = isLoose ? bounds.map(({ value }) => value) : [low, high];
    const isInside = ({ value }) => value >= least * (1 - TOLERANCE) && value <= greatest * (1 + TOLERANCE);
    const [begin, end] = [floor(log10(least)), ceil(log10(greatest))];
    if (decades < 2) return dense(begin, end).filter(isInside);
    const stride = max(1, floor((end - begin) / max(count, 1)));
    const ticks = dense(begin, end)
      .filter((each) => each.digits === 1 && each.exponent % stride === 0 && isInside(each));
    const added = bounds.filter((bound) => !ticks.some(({ value }) => value === bound.value));
    return [...ticks, ...added].sort((left, right) => left.value - right.value);
  };

  // The length from which a text without an exponent is not shorter than any text with one.
  const MAX_LENGTH = 24;
  const sign = (digits) => (digits < 0 ? "-" : "");
  const decimalsOf = ({ exponent }) => max(0, -exponent);
  // Returns the text without an exponent. It ends with x if it would be too long.
  const plainText = ({ digits, exponent }, decimals) => {
    const zeros = max(exponent + decimals, 0);
    if (String(abs(digits)).length + zeros > MAX_LENGTH || decimals > MAX_LENGTH) return "x".repeat(MAX_LENGTH + 2);
    const text = (abs(digits) + "0".repeat(zeros)).padStart(decimals + 1, "0");
    const split = text.length - decimals;
    return sign(digits) + text.slice(0, split) + (decimals ? "." : "") + text.slice(split);
  };
  // Returns the text with an exponent: 2.5e-4.
  const exponentText = ({ digits, exponent }) => {
    const [first, ...rest] = String(abs(digits));
    return digits ? `${sign(digits)}${first}${rest.length ? "." : ""}${rest.join("")}e${exponent + rest.length}` : "0";
  };
  // All texts have the same number of decimals, or all have an exponent if the others have more than 6 characters.
  const linearTexts = (ticks) => {
    const decimals = max(0, ...ticks.map(decimalsOf));
    const plain = ticks.map((each) => plainText(each, decimals));
    const short = ticks.map(exponentText);
    const length = (texts) => max(0, ...texts.map((text) => text.replace("-", "").length));
    return length(plain) > max(6, length(short)) ? short : plain;
  };
  // Each text is as short as possible: 1e-4, 0.001, 0.2, 10.
  const logTexts = (ticks) => ticks.map((each) => {
    const [plain, short] = [plainText(each, decimalsOf(each)), exponentText(each)];
    return plain.length <= max(5, short.length) ? plain : short;
  });

  // Returns the ticks of an axis, ascending: [{value, text}]. Loose ticks enclose the data.
  const ticksOf = (numbers, texts) => (first, second, count, { isLoose = false, isInteger = false } = {}) => {
    const ticks = numbers(min(first, second), max(first, second), count, isLoose, isInteger);
    return texts(ticks).map((text, index) => ({ value: ticks[index].value, text }));
  };
  const linearTicks = ticksOf(linearNumbers, linearTexts);
  const logTicks = ticksOf(logNumbers, logTexts);

  // Returns a scale from values to pixels. The options are those of ticks.
  const scale = (low, high, [from, to], options, [transform, restore], ticks) => {
    const [first, last] = [transform(low), transform(high)];
    return {
      low,
      high,
      // Halves, because the difference of two finite doubles may be infinite.
      at: (value) => from + ((transform(value) / 2 - first / 2) / (last / 2 - first / 2)) * (to - from),
      inverse: (pixel) => {
        const part = (pixel - from) / (to - from);
        return restore(first * (1 - part) + last * part);
      },
      ticks: (count) => ticks(low, high, count, options),
    };
  };
  const same = (value) => value;
  // Equal bounds are widened.
  const linear = (low, high, from, to, options) =>
    scale(...widened(low, high), [from, to], options, [same, same], linearTicks);
  // Values of 0 or less have no place: nan or an infinite one.
  const log = (low, high, from, to, options) => {
    const factor = high > low * (1 + LEAST_PART) ? 1 : 2;
    const bounds = [max(low / factor, MIN_VALUE), min(high * factor, MAX_VALUE)];
    return scale(...bounds, [from, to], options, [log10, (exponent) => min(10 ** exponent, MAX_VALUE)], logTicks);
  };

  return { linear, log, linearTicks, logTicks, widened };
})();
