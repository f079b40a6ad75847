import { writeCorpus } from "./corpus.js";
import { certificates } from "./seeds/certificates.js";
import { crls } from "./seeds/crls.js";
import { csrs } from "./seeds/csrs.js";
import { getPaths } from "./seeds/get-paths.js";
import { records } from "./seeds/records.js";
import { requests } from "./seeds/requests.js";

/** Writes the corpus anew: `node dist/test/fuzz/make-corpus.js`. openssl's keys and nonces are other ones each time. */

const made = requests();
writeCorpus("request", made);
writeCorpus("get-path", getPaths(made));
writeCorpus("crl", crls());
writeCorpus("csr", csrs());
writeCorpus("certificate", certificates());
writeCorpus("record", records());
