// Checks AsyncAPI documents with the public parser: check.mjs DOCUMENT… Ends with 1 where one has an error or a warning.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The parser is installed elsewhere than this file: the working directory is its folder.
const { Parser } = createRequire(process.cwd() + '/')('@asyncapi/parser');

// The parser advises AsyncAPI's newest version: no fault of a document of another one.
const ADVICE = 'asyncapi-latest-version';
const parser = new Parser();
let faults = 0;
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await parser.parse(readFileSync(file, 'utf8'));
  const counted = diagnostics.filter((found) => found.code !== ADVICE);
  for (const { code, path, message } of counted) console.log(`${file}: ${code} at /${path.join('/')}: ${message}`);
  if (document === undefined && counted.length === 0) console.log(`${file}: no document`);
  faults += counted.length + (document === undefined ? 1 : 0);
  const messages = document?.allMessages().length ?? 0;
  console.log(`${file}: ${messages} messages, ${counted.length} faults`);
}
process.exit(faults === 0 ? 0 : 1);
