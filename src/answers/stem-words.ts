// The words that the stem rule knows. Everything that is not here counts exactly as it was written, so a list may be too
// short, which costs a miss, and must never be too long, which would cost a wrong answer.

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ""));

/** How a question or a request in English begins; only these may be written with a capital letter or without. */
export const STARTERS = words(`
  what who when where why how which whose is are was were do does did can could will would should has have am
  explain describe define list name give show compare summarize tell translate calculate convert find recommend suggest
`);

/** These begin a question in English alone; the others of `STARTERS` are words of other languages too. */
export const ASKING_WORDS = words(`
  what who when where why how which whose does did would should could
  explain describe summarize compare recommend suggest translate calculate give tell show
`);
/** English and nothing else. */
export const ENGLISH = words("the it you they he she there this that these those my your their for with and");

/** What one does to `THINGS`: "how do I" and "how can I" ask the same of them, and an article before the thing says nothing. */
export const DEEDS = words(`
  reset change update delete cancel create add install uninstall configure enable disable repair restore recover
  contact download upload export import print copy unsubscribe register verify renew upgrade downgrade
  activate deactivate edit remove view track pay submit
`);

/** Things of which a user has one or several, and the way of doing it is the same. In the singular. */
export const THINGS = words(`
  password account invoice subscription payment refund file folder photo video document message notification
  setting profile username email report ticket device app user shipment package reservation appointment
`);

/** Names that mean nothing else when they are written small. */
export const NAMES = words(`
  afghanistan albania algeria argentina armenia australia austria azerbaijan bangladesh belarus belgium bolivia bosnia
  botswana brazil bulgaria cambodia cameroon canada colombia croatia cyprus denmark ecuador egypt estonia ethiopia finland
  france germany ghana greece guatemala haiti honduras hungary iceland india indonesia iran iraq ireland israel italy
  jamaica kazakhstan kenya kuwait latvia lebanon libya lithuania luxembourg madagascar malaysia malta mexico
  moldova mongolia montenegro mozambique namibia nepal netherlands nicaragua nigeria norway pakistan  
  paraguay peru philippines poland portugal qatar romania russia rwanda senegal serbia singapore slovakia slovenia somalia
  spain sudan sweden switzerland syria taiwan tanzania thailand tunisia uganda ukraine uruguay venezuela vietnam yemen zambia
  zimbabwe england scotland
  monday tuesday wednesday thursday friday saturday sunday january february july september october november december
  london berlin madrid vienna amsterdam lisbon stockholm oslo helsinki copenhagen budapest prague warsaw moscow beijing
  tokyo seoul shanghai sydney melbourne toronto montreal chicago boston seattle barcelona munich zurich
  google youtube facebook microsoft instagram whatsapp netflix spotify linkedin wikipedia gmail javascript typescript
  postgresql kubernetes linux 
`);

/** Numbers as words, where they are written small. "One" stands for too many other things. */
export const NUMBERS: ReadonlyMap<string, string> = new Map(
  ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"].map((word, index) => [
    word,
    String(index + 2),
  ]),
);

/** Two spellings of one word. */
export const SPELLINGS: ReadonlyMap<string, string> = new Map(
  `colour color;colours colors;favourite favorite;behaviour behavior;neighbour neighbor;neighbours neighbors;centre center;
  theatre theater;metre meter;metres meters;kilometre kilometer;kilometres kilometers;centimetre centimeter;
  centimetres centimeters;litre liter;litres liters;grey gray;organise organize;organised organized;recognise recognize;
  realise realize;analyse analyze;summarise summarize;apologise apologize;optimise optimize;customise customize;
  cancelled canceled;travelling traveling;traveller traveler;jewellery jewelry;aeroplane airplane;e-mail email;
  e-mails emails;wi-fi wifi;web-site website;okay ok`
    .split(";")
    .map((pair) => pair.trim().split(" "))
    .map(([from = "", to = ""]) => [from, to]),
);

/** Two words in one. What could stand for either of two (`he's`, `I'd`) is not here. */
export const CONTRACTIONS: ReadonlyMap<string, string> = new Map(
  `what's what is;whats what is;who's who is;where's where is;how's how is;when's when is;why's why is;you're you are;we're we are;
  they're they are;isn't is not;aren't are not;wasn't was not;weren't were not;don't do not;doesn't does not;didn't did not;
  can't can not;cannot can not;couldn't could not;won't will not;wouldn't would not;shouldn't should not;hasn't has not;
  haven't have not;you've you have;we've we have;they've they have`
    .split(";")
    .map((pair) => pair.trim())
    .map((pair) => [pair.slice(0, pair.indexOf(" ")), pair.slice(pair.indexOf(" ") + 1)]),
);

/** Where words themselves are asked about, their spelling, capitals and even a courtesy are the question. */
export const OF_WORDS = words(`
  spell spells spelled spelling spelt word words phrase phrases letter letters vowel vowels syllable syllables write writes
  writing written pronounce pronounced pronunciation say says said saying mean means meaning meanings synonym synonyms antonym
  rhyme rhymes capitalize capitalized capitalise capitalised lowercase uppercase hyphen apostrophe contraction contractions
  grammar grammatical grammatically formal noun verb adjective adverb plural singular translate translation
  english french german spanish italian portuguese russian chinese japanese korean arabic dutch swedish norwegian latin greek
  characters string regex anagram etymology abbreviation acronym polite typed type called sentence text reply respond
`);
