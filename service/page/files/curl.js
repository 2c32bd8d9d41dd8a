/**
 * The same request as a command for a POSIX shell in the folder of the files. `files` are [field, name].
 * The command contains no API key but reads it from the environment.
 */
export function curlCommand(url, fields, files, keyed) {
  const words = ["curl -sS"];
  if (keyed) words.push('-H "Authorization: Bearer $UMIE_API_KEY"');
  // -F would read a value that starts with @ or < from a file, and split one at ";type=".
  for (const [name, text] of fields) words.push(`--form-string ${quoted(`${name}=${text}`)}`);
  for (const [field, name] of files) words.push(`-F ${quoted(`${field}=@${fileWord(name)}`)}`);
  words.push(quoted(url));
  return words.join(" \\\n  ");
}

function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

// curl splits file names at these characters, unless they are in double quotes.
function fileWord(name) {
  if (name === "-") return "./-";
  return /[,;"\\]|^\s|\s$/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;
}
