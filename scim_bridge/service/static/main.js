// What makes the pages more comfortable. Everything works without it.
import { showLocalTimes } from "./zones.js";

showLocalTimes(document);
