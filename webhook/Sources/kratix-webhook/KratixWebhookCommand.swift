import ArgumentParser
import KratixWebhook
import Kubernetes
import KubernetesClient
import Logging

@main
struct KratixWebhookCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kratix-webhook",
    abstract: "Guards the Promises of a Kratix platform: an admission webhook.",
    subcommands: [ServeCommand.self, CheckCommand.self, RulesCommand.self], defaultSubcommand: ServeCommand.self)
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// How the commands reach the API server: as a pod, or by a kubeconfig.
struct ConnectionFlags: ParsableArguments {
  @Option(help: ArgumentHelp("The kubeconfig to use; without it, the pod's ServiceAccount.", valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("The context of the kubeconfig.", valueName: "name"))
  var context: String?

  func client(onWarning: @escaping @Sendable (String) -> Void = { _ in }) throws -> KubernetesClient {
    var settings = KubernetesClient.Settings()
    settings.userAgent = "kratix-webhook"
    return try KubernetesClient(
      ConnectionOptions(kubeconfig: kubeconfig, context: context), settings: settings, onWarning: onWarning)
  }
}
