import "../early";
