// The patterns of `like`. Returns a function that tells if a pattern of SQL matches a whole text: % is any text, _ one character, and \
// before them and itself makes them ordinary. Goes back only to the last %, so that the time is bounded by the product of the lengths.
const LikePattern = (pattern, ignoresCase) => {
  // Σ has one small letter here, also at the end of a word.
  const folded = (text) => (ignoresCase ? text.replaceAll("Σ", "σ").toLowerCase() : text);
  const [any, one] = [Symbol("any"), Symbol("one")];
  const elements = (folded(pattern).match(/\\[%_\\]|%+|./gsu) ?? []).map((part) => (
    part[0] === "%" ? any : part === "_" ? one : part.replace(/^\\(?=.)/s, "")));
  return (text) => {
    const scalars = [...folded(text)];
    let [index, element, retryIndex, retryElement] = [0, 0, 0, -1];
    while (index < scalars.length) {
      if (elements[element] === any) {
        element += 1;
        [retryIndex, retryElement] = [index, element];
      } else if (elements[element] === one || elements[element] === scalars[index]) {
        index += 1;
        element += 1;
      } else if (retryElement >= 0) {
        index = retryIndex += 1;
        element = retryElement;
      } else {
        return false;
      }
    }
    return elements.slice(element).every((each) => each === any);
  };
};
