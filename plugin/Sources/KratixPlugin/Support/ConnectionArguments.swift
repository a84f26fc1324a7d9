import ArgumentParser
import KubernetesClient

/// `--kubeconfig --context -n/--namespace --as --as-group`, as kubectl has them.
struct ConnectionArguments: ParsableArguments {
  @Option(help: "Path to the kubeconfig file.")
  var kubeconfig: String?

  @Option(help: "The kubeconfig context to use.")
  var context: String?

  @Option(name: .shortAndLong, help: "Only this namespace; all of them when left out.")
  var namespace: String?

  @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "All namespaces: the default.")
  var allNamespaces = false

  @Option(help: "User to impersonate.")
  var `as`: String?

  @Option(name: .customLong("as-group"), help: "Group to impersonate; may be repeated.")
  var asGroups: [String] = []

  func validate() throws {
    if allNamespaces, namespace != nil { throw ValidationError("--namespace and --all-namespaces exclude each other") }
  }

  /// The client that kubectl with the same options would be; warnings of the server go to stderr.
  /// - Parameter other: another context of the same kubeconfig, in place of the one chosen.
  func client(context other: String? = nil) throws -> KubernetesClient {
    try KubernetesClient(
      ConnectionOptions(
        kubeconfig: kubeconfig, context: other ?? context, namespace: namespace, asUser: `as`, asGroups: asGroups),
      onWarning: { Console.warning($0) })
  }
}
