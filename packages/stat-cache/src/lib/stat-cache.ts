export class StatCache {}
