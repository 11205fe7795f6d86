// Money on the page. format() writes what pos.Amount.Format writes, letter for letter, so that the
// screen, the slip and the report never differ; a test holds both against the browser's own Intl.

const exponents = {
  BHD: 3, BIF: 0, CLF: 4, CLP: 0, DJF: 0, GNF: 0, IQD: 3, ISK: 0, JOD: 3, JPY: 0, KMF: 0, KRW: 0, KWD: 3, LYD: 3,
  OMR: 3, PYG: 0, RWF: 0, TND: 3, UGX: 0, UYI: 0, UYW: 4, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0,
};

const symbols = {
  'en': { USD: '$', CAD: 'CA$', CNY: 'CN¥', HKD: 'HK$', EUR: '€', GBP: '£', JPY: '¥' },
  'fr-CA': { USD: '$\u00a0US', CAD: '$', CNY: 'CN¥', HKD: '$\u00a0HK', EUR: '€', GBP: '£', JPY: '¥' },
  'zh-Hans': { USD: 'US$', CAD: 'CA$', CNY: '¥', HKD: 'HK$', EUR: '€', GBP: '£', JPY: 'JP¥' },
};

// The till takes ten digits of minor units.
const most = 9_999_999_999;

// exponent is the number of decimals of a currency's minor unit.
export function exponent(currency) {
  return exponents[currency] ?? 2;
}

// format writes minor units for a person who reads lang.
export function format(minor, currency, lang) {
  const known = symbols[lang] ?? symbols.en;
  const french = lang === 'fr-CA';
  let digits = BigInt(minor).toString();
  const sign = digits.startsWith('-') ? '-' : '';
  digits = digits.slice(sign.length);
  const e = exponent(currency);
  let decimals = '';
  if (e > 0) {
    digits = digits.padStart(e + 1, '0');
    decimals = (french ? ',' : '.') + digits.slice(-e);
    digits = digits.slice(0, -e);
  }
  const whole = digits.replace(/\B(?=(\d{3})+$)/g, french ? '\u00a0' : ',');
  if (french) return sign + whole + decimals + '\u00a0' + (known[currency] ?? currency);
  return sign + (known[currency] ?? currency + '\u00a0') + whole + decimals;
}

// plain writes minor units as a person who reads lang would type them.
export function plain(minor, currency, lang) {
  const e = exponent(currency);
  const digits = BigInt(minor).toString().padStart(e + 1, '0');
  return e ? digits.slice(0, -e) + (lang === 'fr-CA' ? ',' : '.') + digits.slice(-e) : digits;
}

// read takes what a cashier typed: digits alone are minor units, as on every till ("12950" is 129.50);
// a point or comma separates units and decimals ("129.50"). It answers {minor}, or {fault}: "empty",
// "amount", "large", or "code" for digits so many that a scanner must have typed them.
export function read(typed, currency) {
  const text = typed.trim();
  if (text === '') return { fault: 'empty' };
  if (text.replace(/[^0-9]/g, '').length >= 13 && !/[.,]/.test(text)) return { fault: 'code' };
  const parts = /^(\d+)(?:[.,](\d+))?$/.exec(text);
  const e = exponent(currency);
  if (!parts || (parts[2] ?? '').length > e) return { fault: 'amount' };
  const minor = parts[2] === undefined ? Number(parts[1]) : Number(parts[1] + parts[2].padEnd(e, '0'));
  if (minor === 0) return { fault: 'amount' };
  if (minor > most) return { fault: 'large' };
  return { minor };
}
