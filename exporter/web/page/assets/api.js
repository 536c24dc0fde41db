// The JSON API, asked politely: what has not changed is not sent again.

/** What went wrong, in words for the person in front of the page. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;  // of HTTP; 0 where there was no answer
  }
}

const TIMEOUT_MS = 20000;
// More than one view ever asks for; what is not asked for any more is forgotten, oldest first.
const REMEMBERED = 40;
const answers = new Map();  // path -> {etag, data}

/** The answer to `api/v1/PATH` with the parameters of `query`: arrays repeat, undefined is left out. */
export async function get(path, query = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== "") parameters.append(name, one);
    }
  }
  const text = parameters.toString();
  const address = `api/v1/${path}${text && `?${text}`}`;
  const known = answers.get(address);
  const response = await request(address, known ? {"If-None-Match": known.etag} : {});
  if (response.status === 304 && known) return remember(address, known);
  if (!response.ok) throw new ApiError(await reason(response), response.status);
  let data;
  try {
    data = await response.json();
  } catch {
    throw new ApiError("the answer broke off in the middle", 0);
  }
  return remember(address, {etag: response.headers.get("ETag"), data});
}

async function request(address, headers) {
  try {
    return await fetch(address, {headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS)});
  } catch (error) {
    if (error.name === "TimeoutError") throw new ApiError("the exporter takes too long to answer", 0);
    throw new ApiError("the exporter does not answer", 0);
  }
}

async function reason(response) {
  if (response.status === 503) return "the exporter is busy or starting";
  try {
    return (await response.json()).error;
  } catch {
    return `the exporter answers with status ${response.status}`;
  }
}

function remember(address, answer) {
  answers.delete(address);
  if (answer.etag) answers.set(address, answer);
  if (answers.size > REMEMBERED) answers.delete(answers.keys().next().value);
  return answer.data;
}
