/**
 * The command that asks the same in a POSIX shell, in the picture's folder. A key is not told: the
 * command takes it from the environment.
 */
export function curlCommand(url, fields, fileName, keyed) {
  const words = ["curl -sS"];
  if (keyed) words.push('-H "Authorization: Bearer $UMIE_API_KEY"');
  // -F would read a value that begins with @ or < from a file, and cut one at ";type=".
  for (const [name, text] of fields) words.push(`--form-string ${quoted(`${name}=${text}`)}`);
  if (fileName !== null) words.push(`-F ${quoted(`image=@${fileWord(fileName)}`)}`);
  words.push(quoted(url));
  return words.join(" \\\n  ");
}

function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

// curl itself splits file names at these signs, unless they stand in double quotes.
function fileWord(name) {
  if (name === "-") return "./-";
  return /[,;"\\]|^\s|\s$/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;
}
