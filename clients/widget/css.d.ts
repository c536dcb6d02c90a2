/** A style sheet imported as its text, which the build minifies. */
declare module "*.css" {
  const text: string;
  export default text;
}
