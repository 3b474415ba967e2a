import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { exportJWK } from 'jose'
import { SignedXml } from 'xml-crypto'
import { toSamlKey } from '../../src/saml/certificate.ts'

const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'

/** Keycloak as a SAML service provider: its metadata, and requests as it makes them. Keys for tests only. */
export async function createServiceProviderDouble(entityId: string) {
  const acs = `${entityId}/broker/corporate/endpoint`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = await toSamlKey({ ...(await exportJWK(privateKey)), kid: 'sp-1' })
  const certificate = key.certificate.replace(/-----[^-]+-----|\s/g, '')

  function signed(xml: string): string {
    const signer = new SignedXml({
      privateKey: key.privateKey,
      signatureAlgorithm: rsaSha256,
      canonicalizationAlgorithm: exclusive,
    })
    signer.addReference({
      xpath: '/*',
      digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
      transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', exclusive],
    })
    signer.computeSignature(xml, { location: { reference: `/*/*[local-name(.)='Issuer']`, action: 'after' } })
    return signer.getSignedXml()
  }

  return {
    entityId,
    acs,
    metadata: `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">
      <md:SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
          <ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
        <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${acs}"/>
        <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${acs}/get" index="0"/>
        <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${acs}" index="1" isDefault="true"/>
      </md:SPSSODescriptor></md:EntityDescriptor>`,
    /** An AuthnRequest that is right in everything; `change` may change one thing before it is signed. */
    authnRequest(destination: string, change: (xml: string) => string = (xml) => xml): { id: string; xml: string } {
      const id = `ID_${randomUUID()}`
      const xml = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${id}" Version="2.0" IssueInstant="${new Date().toISOString()}" Destination="${destination}" AssertionConsumerServiceURL="${acs}" ForceAuthn="false" IsPassive="false" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${entityId}</saml:Issuer><samlp:NameIDPolicy AllowCreate="true" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/></samlp:AuthnRequest>`
      return { id, xml: change(xml) }
    },
    logoutRequest(destination: string, nameId: string, sessionIndex: string): string {
      return `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="ID_${randomUUID()}" Version="2.0" IssueInstant="${new Date().toISOString()}" Destination="${destination}"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${entityId}</saml:Issuer><saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${nameId}</saml:NameID><samlp:SessionIndex>${sessionIndex}</samlp:SessionIndex></samlp:LogoutRequest>`
    },
    signed,
    /** Query of the redirect binding, signed unless `isSigned` is false. */
    toQuery(xml: string, relayState = 'relay', isSigned = true): string {
      const parameters = [
        `SAMLRequest=${encodeURIComponent(deflateRawSync(xml).toString('base64'))}`,
        `RelayState=${encodeURIComponent(relayState)}`,
      ]
      if (!isSigned) return parameters.join('&')
      const covered = [...parameters, `SigAlg=${encodeURIComponent(rsaSha256)}`].join('&')
      const signature = sign('RSA-SHA256', Buffer.from(covered), key.privateKey).toString('base64')
      return `${covered}&Signature=${encodeURIComponent(signature)}`
    },
    /** Form of the POST binding. */
    toForm: (xml: string, relayState = 'relay') =>
      new URLSearchParams({ SAMLRequest: Buffer.from(xml).toString('base64'), RelayState: relayState }).toString(),
  }
}
