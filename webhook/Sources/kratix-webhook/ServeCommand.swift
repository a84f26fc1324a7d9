import ArgumentParser
import Foundation
import KratixWebhook
import Logging
import PromiseReview
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve admission reviews over TLS.",
    discussion: """
      The certificate comes from files (--tls-cert-file and --tls-private-key-file, read again when they change), or \
      the webhook makes it itself and keeps it in a Secret (--self-signed-secret).
      """)

  @OptionGroup var connection: ConnectionFlags

  @Option(help: ArgumentHelp("The address to listen on.", valueName: "address")) var host = "0.0.0.0"
  @Option(help: ArgumentHelp("The port to listen on.", valueName: "port")) var port = 9443

  @Option(help: ArgumentHelp("The certificate chain, PEM.", valueName: "file")) var tlsCertFile: String?
  @Option(help: ArgumentHelp("The private key, PEM.", valueName: "file")) var tlsPrivateKeyFile: String?
  @Option(help: ArgumentHelp("The Secret that holds the webhook's own certificates.", valueName: "name"))
  var selfSignedSecret: String?

  @Option(help: ArgumentHelp("The webhook's Service.", valueName: "name")) var service = "kratix-webhook"
  @Option(help: ArgumentHelp("The webhook's namespace; NAMESPACE by default.", valueName: "name"))
  var namespace: String?
  @Option(help: ArgumentHelp("The name of the webhook configurations.", valueName: "name"))
  var configurationName = WebhookRegistration.name

  @Option(
    name: .customLong("severity"),
    help: ArgumentHelp("Give a rule another severity: deny, warn, info or off.", valueName: "rule=severity"))
  var severities: [String] = []

  @Option(help: ArgumentHelp("Reviews at once; more are turned away.", valueName: "number")) var maxInFlight = 256
  @Option(help: ArgumentHelp("Bytes of a review at most.", valueName: "bytes")) var maxBodyBytes = 3 << 20

  @Flag(inversion: .prefixedNo, help: "Mark resources that stayed behind an update of their Promise.")
  var annotator = true
  @Option(help: ArgumentHelp("Marks a second.", valueName: "number")) var annotatorQps = 2.0
  @Option(help: ArgumentHelp("Resources of one Promise that run at once.", valueName: "number"))
  var annotatorMaxInFlight = 5

  @Option(help: ArgumentHelp("Seconds to go on serving when told to stop.", valueName: "seconds")) var drainDelay = 5.0
  @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
  var logLevel = Logger.Level.info

  func validate() throws {
    guard (tlsCertFile == nil) == (tlsPrivateKeyFile == nil) else {
      throw ValidationError("--tls-cert-file and --tls-private-key-file go together")
    }
    guard (tlsCertFile == nil) != (selfSignedSecret == nil) else {
      throw ValidationError("say where the certificate comes from: --tls-cert-file or --self-signed-secret")
    }
    do { _ = try ReviewSettings(parsing: severities) } catch { throw ValidationError("--severity: \(error)") }
    guard annotatorQps > 0, annotatorMaxInFlight > 0, maxInFlight > 0, maxBodyBytes > 0, drainDelay >= 0 else {
      throw ValidationError("rates, counts and sizes have to be more than zero")
    }
  }

  func run() async throws {
    Memory.beFrugal()
    let level = logLevel
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = level
      return handler
    }
    let logger = Logger(label: "kratix-webhook")
    let environment = ProcessInfo.processInfo.environment
    let namespace = namespace ?? environment["NAMESPACE"] ?? "kratix-webhook"
    let identity: WebhookConfiguration.Identity
    if let tlsCertFile, let tlsPrivateKeyFile {
      identity = .files(certificate: tlsCertFile, privateKey: tlsPrivateKeyFile)
    } else {
      var own = SelfMadeIdentity.service(
        service, namespace: namespace, secretName: selfSignedSecret ?? "kratix-webhook-certificate")
      own.configurations = [configurationName]
      identity = .selfMade(own)
    }
    let configuration = WebhookConfiguration(
      host: host, port: port, identity: identity, settings: try ReviewSettings(parsing: severities),
      limits: WebhookLimits(bodyBytes: maxBodyBytes, concurrency: maxInFlight),
      managedRegistration: configurationName,
      annotator: annotator
        ? AnnotatorConfiguration(
          namespace: namespace, identity: environment["POD_NAME"] ?? ProcessInfo.processInfo.hostName,
          qps: annotatorQps, maxInFlight: annotatorMaxInFlight) : nil,
      drainDelay: .milliseconds(Int64(drainDelay * 1000)))
    let server = WebhookServer(api: try connection.client(), configuration: configuration, logger: logger)
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
  }
}
