// The advice about a filter that no experiment fulfils: the values that its fields have.
const Hints = (() => {
  const MAX_WORDS = 6;
  const { name: nameOf, short } = Chart;

  const conditions = (tree) => {
    if (tree.op === "and" || tree.op === "or") return tree.parts.flatMap(conditions);
    return tree.op === "not" ? [] : [tree];
  };
  const operands = ({ operand, left, right }) => (operand ? [operand] : [left, right]);
  const isFulfilled = (condition) => {
    const matches = Binder.bind(condition, false);
    for (let row = 0; row < Data.rows; row += 1) if (matches(row)) return true;
    return false;
  };

  // Returns the advice about a condition as parts of a text; null if there is none.
  const advice = (condition) => {
    const names = Names.resolver(false);
    const operand = operands(condition).find((each) => names.isKnown(each));
    const { column, channel, kind } = operand ? names.resolve(operand) : {};
    if (!column || column.present === 0 || !["any", "numbers", "words", "status"].includes(kind)) return null;
    if (condition.op === "is") {
      const isOfCurve = condition.state === "nan" && !condition.isNegated && channel !== null;
      return isOfCurve ? ["the best value is never nan, but nonfinite counts the values that are: nonfinite > 0"] : null;
    }
    if (column.isNumeric) {
      const numbers = column.numbers.filter(Number.isFinite);
      if (!numbers.length) return null;
      const [low, high] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
      const isOneOf = condition.op === "in" || (condition.op === "comparison" && ["=", "!="].includes(condition.mark.value));
      const range = low === high ? Format.number(low) : `${Format.number(low)} to ${Format.number(high)}`;
      return [nameOf(column.label, 40), isOneOf ? " has other values, " : " is ", range];
    }
    const texts = Chart.categories(Array.from({ length: Data.rows }, (_, row) => column.text(row)));
    const wanted = condition.right?.value;
    const part = condition.op === "comparison" && wanted && texts.find((text) => text !== wanted && text.includes(wanted));
    if (part) return [nameOf(column.label, 40), ` like ${Lexer.quoted(`%${wanted}%`)} is fulfilled, for example by `, nameOf(short(part, 40))];
    const shown = texts.slice(0, MAX_WORDS).map((text) => nameOf(short(text, 30)));
    if (texts.length > MAX_WORDS) shown.push(`${texts.length - MAX_WORDS} others`);
    const joined = shown.flatMap((part, index) => [index === 0 ? " is " : index === shown.length - 1 ? " or " : ", ", part]);
    return [nameOf(column.label, 40), ...joined];
  };

  // Returns the advice about a filter, as parts of a text.
  const find = (where) => {
    const tree = Parser.parse(where);
    const parts = (tree ? conditions(tree) : []).filter((condition) => !isFulfilled(condition)).map(advice).filter(Boolean);
    return parts.flatMap((part, index) => [index ? "; " : "No experiment fulfils the filter: ", ...part]);
  };
  return { find };
})();
