import NIOCertificateReloading
import NIOSSL
import PromiseReview

/// Everything that a webhook server is told when it starts.
public struct WebhookConfiguration: Sendable {
  /// Where the server's certificate and key come from.
  public enum Identity: Sendable {
    /// PEM texts: the chain, the leaf first, and the key.
    case pem(certificate: String, privateKey: String)
    /// PEM files, read again when they change, as those of a mounted Secret do.
    case files(certificate: String, privateKey: String)
    /// Made and renewed by the webhook itself, kept in a Secret.
    case selfMade(SelfMadeIdentity)
  }

  public var host: String
  /// 0 takes any free port.
  public var port: Int
  public var identity: Identity
  /// The severities that the platform chose.
  public var settings: ReviewSettings
  public var limits: WebhookLimits
  /// The name of the `MutatingWebhookConfiguration` whose rules for resources follow the Promises' APIs; nil leaves
  /// them alone.
  public var managedRegistration: String?
  /// nil marks no resources.
  public var annotator: AnnotatorConfiguration?
  /// How long it goes on serving after it was told to stop, while it is no longer ready.
  public var drainDelay: Duration

  public init(
    host: String = "0.0.0.0", port: Int = 9443, identity: Identity, settings: ReviewSettings = ReviewSettings(),
    limits: WebhookLimits = WebhookLimits(), managedRegistration: String? = WebhookRegistration.name,
    annotator: AnnotatorConfiguration? = nil, drainDelay: Duration = .zero
  ) {
    self.host = host
    self.port = port
    self.identity = identity
    self.settings = settings
    self.limits = limits
    self.managedRegistration = managedRegistration
    self.annotator = annotator
    self.drainDelay = drainDelay
  }
}
