"use strict";
/** The page of an artifact: times and sizes as people read them. */
runstore.format.humanise();
runstore.ready();
