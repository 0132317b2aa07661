// Reads a JSON array of {text, year} on standard input, writes the array of what each text says.
// `year` is the one that the two dates of the text are read in.
import { readFileSync } from "node:fs";
import bcbp from "bcbp";

const passes = JSON.parse(readFileSync(0, "utf8"));
const read = passes.map(({ text, year }) => bcbp.decode(text, year));
process.stdout.write(JSON.stringify(read));
