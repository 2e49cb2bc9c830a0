import { begin, chooseScheme } from "kit/early";
import { keepKeys } from "./scanner/before";

keepKeys(window);
chooseScheme();
begin([]);
