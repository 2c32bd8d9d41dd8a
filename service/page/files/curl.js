/**
 * The same request as a command for a POSIX shell in the folder of the image. The command contains no
 * API key but reads it from the environment.
 */
export function curlCommand(url, fields, fileName, keyed) {
  const words = ["curl -sS"];
  if (keyed) words.push('-H "Authorization: Bearer $UMIE_API_KEY"');
  // -F would read a value that starts with @ or < from a file, and split one at ";type=".
  for (const [name, text] of fields) words.push(`--form-string ${quoted(`${name}=${text}`)}`);
  if (fileName !== null) words.push(`-F ${quoted(`image=@${fileWord(fileName)}`)}`);
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
