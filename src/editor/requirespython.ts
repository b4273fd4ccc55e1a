/** Of a version of Python: 3.11 or 3.11.4. */
type Numbers = readonly number[];

function numbersOf(text: string): Numbers {
  return text.split('.').map(Number);
}

/**
 * Which of the two is greater, as far as both say: 3.11 is neither before nor after 3.11.4,
 * because which 3.11 it will be is known when it is built.
 */
function compare(one: Numbers, other: Numbers): number {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    if (one[at] !== other[at]) {
      return one[at] - other[at];
    }
  }
  return 0;
}

/**
 * Whether a release with this `Requires-Python` takes this Python. Anything that cannot be read is
 * taken: the resolver has the last word.
 */
export function takesPython(requires: string, python: string): boolean {
  if (!/^\d+(\.\d+)*$/.test(python)) {
    return true;
  }
  const here = numbersOf(python);
  return requires.split(',').every(part => {
    const found =
      /^\s*(~=|===?|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?\s*$/.exec(part);
    if (!found) {
      return true;
    }
    const [, sign, text, any] = found;
    const bound = numbersOf(text);
    const order = compare(here, bound);
    // A Python has three numbers: 3.11 may be before or after 3.11.4, and is after "3.11".
    const isVague = here.length < bound.length;
    switch (sign) {
      case '>=':
        return order >= 0;
      case '>':
        return order > 0 || (order === 0 && here.length < 3);
      case '<=':
        return order < 0 || (order === 0 && bound.length >= 3);
      case '<':
        return order < 0 || (order === 0 && isVague);
      case '~=':
        return order >= 0 && compare(here, bound.slice(0, -1)) === 0;
      case '!=':
        return order !== 0 || isVague || (!any && bound.length < 3);
      default:
        return order === 0;
    }
  });
}
