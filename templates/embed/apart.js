"use strict";
/** On a page of somebody else's keys are theirs, and so is the address. */
runstore.shortcuts = { add() {} };
