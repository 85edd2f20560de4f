// What makes the pages more comfortable. Everything works without it.
import { askBeforeSubmit } from "./dialogs.js";
import { filterAsYouType } from "./filter.js";
import { followEvents } from "./live.js";
import { whenSwapped } from "./swap.js";
import { showLocalTimes } from "./zones.js";

whenSwapped(showLocalTimes);
showLocalTimes(document);
askBeforeSubmit();
filterAsYouType();
followEvents();
