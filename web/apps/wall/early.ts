import { begin, chooseScheme } from "kit/early";

chooseScheme();
begin([]);
