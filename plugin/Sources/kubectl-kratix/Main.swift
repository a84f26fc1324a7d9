import KratixPlugin

@main
enum Main {
  static func main() async { await KubectlKratix.runAsProcess() }
}
