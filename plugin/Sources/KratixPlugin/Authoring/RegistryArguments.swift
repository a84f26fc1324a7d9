import ArgumentParser
import ImageRegistry

/// Registries that may be spoken to in the clear.
struct InsecureRegistries: ParsableArguments {
  @Option(help: "A registry (HOST:PORT) that may be asked without encryption; those on loopback may.")
  var insecureRegistry: [String] = []
}

/// What a command wants of registries.
struct RegistryArguments: ParsableArguments {
  @Option(help: "The tag to choose: latest, a range of versions ('~1.2', '^1', '>=1 <2') or a regular expression.")
  var to: String?

  @Flag(help: "Let --to choose prereleases too.")
  var prerelease = false

  @Flag(help: "Pin images to the digest that the registry gives.")
  var digest = false

  @OptionGroup var insecure: InsecureRegistries

  var isUsed: Bool { to != nil || digest }

  func wish(isCheck: Bool) throws -> ImageUpdates.Wish {
    do {
      let constraint = try to.map { text throws(ConstraintError) in try VersionConstraint(parsing: text) }
      return ImageUpdates.Wish(
        constraint: constraint ?? (isCheck && !digest ? .latest : nil), includesPrereleases: prerelease,
        pinsDigest: digest)
    } catch {
      throw ValidationError("\(error)")
    }
  }

  var updates: ImageUpdates { ImageUpdates(registry: RegistryClient(plainHTTP: Set(insecure.insecureRegistry))) }
}
