package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const validity = 365 * 24 * time.Hour

var usages = map[string]x509.ExtKeyUsage{"client": x509.ExtKeyUsageClientAuth, "server": x509.ExtKeyUsageServerAuth}

type signer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func issue(plan Plan, folder string) error {
	authorities := map[string]signer{}
	for _, each := range plan.Authorities {
		made, err := issueAuthority(each, folder)
		if err != nil {
			return fmt.Errorf("authority %s: %w", each.Name, err)
		}
		authorities[each.Name] = made
	}
	for _, each := range plan.Leaves {
		authority, known := authorities[each.Authority]
		if !known {
			return fmt.Errorf("leaf %s: no authority %q in the plan", each.Name, each.Authority)
		}
		if err := issueLeaf(each, authority, folder); err != nil {
			return fmt.Errorf("leaf %s: %w", each.Name, err)
		}
	}
	for _, name := range plan.KeyPairs {
		if err := writeKeyPair(name, folder); err != nil {
			return fmt.Errorf("key pair %s: %w", name, err)
		}
	}
	return nil
}

func issueAuthority(wanted Authority, folder string) (signer, error) {
	template := newTemplate(pkix.Name{CommonName: wanted.CommonName})
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	return sign(wanted.Name, template, nil, folder)
}

func issueLeaf(wanted Leaf, authority signer, folder string) error {
	name := pkix.Name{CommonName: wanted.CommonName}
	if wanted.Organization != "" {
		name.Organization = []string{wanted.Organization}
	}
	template := newTemplate(name)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	for _, each := range wanted.Usages {
		usage, known := usages[each]
		if !known {
			return fmt.Errorf("usage %q is neither client nor server", each)
		}
		template.ExtKeyUsage = append(template.ExtKeyUsage, usage)
	}
	for _, host := range wanted.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	_, err := sign(wanted.Name, template, &authority, folder)
	return err
}

// newTemplate starts its validity a minute early, for clocks that are not quite the same.
func newTemplate(subject pkix.Name) *x509.Certificate {
	now := time.Now()
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-time.Minute),
		NotAfter:     now.Add(validity),
	}
}

// sign makes a key and has the certificate signed by the authority, or by itself when there is none.
func sign(name string, template *x509.Certificate, authority *signer, folder string) (signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signer{}, err
	}
	if authority == nil {
		authority = &signer{certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.certificate, &key.PublicKey, authority.key)
	if err != nil {
		return signer{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return signer{}, err
	}
	if err := writePEM(filepath.Join(folder, name+".crt"), "CERTIFICATE", der); err != nil {
		return signer{}, err
	}
	return signer{certificate, key}, writeKey(filepath.Join(folder, name+".key"), key)
}

func writeKeyPair(name, folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(folder, name+".pub"), "PUBLIC KEY", public); err != nil {
		return err
	}
	return writeKey(filepath.Join(folder, name+".key"), key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
